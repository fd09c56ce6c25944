"""The table of the guide's actions: homes, proof, state, and what differs from the guide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from golden import paths
from golden.definition.document import read
from golden.definition.problems import Problems
from golden.guide import Covered, Home
from golden.guide.proof import NOT_REHEARSED, Outcomes, Verdict
from golden.guide.states import Differences

MOVED_TO_BAKE = "moved to the bake: no host decides it"
MOVED_TO_FIRST_BOOT = "moved to first boot: it needs what only the host has"

OF_ACTION = ("id", "key", "chapter", "phase", "node", "what")


@dataclass(frozen=True)
class Row:
    """An action; `homes` are file:line, `proof` names what proves it, `notes` what is special."""

    id: str
    key: str
    chapter: str
    phase: str
    node: str
    what: str
    homes: tuple[str, ...]
    proof: str
    state: str
    reason: str
    notes: tuple[str, ...]


def rows(
    covered: Sequence[Covered], outcomes: Outcomes | None, root: Path = paths.ROOT
) -> tuple[Row, ...]:
    """A row for each of `covered`, in order; without outcomes nothing was ever rehearsed."""
    listed, differences = _listed(root), Differences.read(root)
    return tuple(_row(one, outcomes, listed, differences) for one in covered)


def _row(
    one: Covered,
    outcomes: Outcomes | None,
    listed: frozenset[tuple[str, str]],
    differences: Differences,
) -> Row:
    action = one.action
    verdict = outcomes.verdict(one) if outcomes else Verdict(NOT_REHEARSED)
    verdict = differences.judged(action.id, verdict)
    return Row(
        **{key: getattr(action, key) for key in OF_ACTION},
        homes=tuple(f"{home.file}:{home.line}" for home in one.homes),
        proof=", ".join(dict.fromkeys(map(_proof, one.homes))),
        state=verdict.state,
        reason=verdict.reason,
        notes=tuple(_notes(one, listed)),
    )


def _proof(home: Home) -> str:
    match home.part:
        case "check":
            return home.name
        case "step":
            return f"test_step_did_not_fail[{home.name}]"
        case "role":
            return f"files, packages, services of {home.name}"


def _notes(one: Covered, listed: frozenset[tuple[str, str]]) -> Iterator[str]:
    parts = {home.part for home in one.homes} - {"check"}
    if one.action.phase == "firstboot" and parts == {"role"}:
        yield MOVED_TO_BAKE
    if one.action.phase == "bake" and parts == {"step"}:
        yield MOVED_TO_FIRST_BOOT
    for home in one.homes:
        if home.part != "check" and (home.part, home.name) not in listed:
            yield f"optional: no node lists the {home.part} {home.name}"


def _listed(root: Path) -> frozenset[tuple[str, str]]:
    """("role" or "step", name) of all that some kind of node lists."""
    problems = Problems(root)
    documents = [read(file, problems) for file in sorted((root / "images/kinds").glob("*.yaml"))]
    problems.raise_any()
    return frozenset(
        (part, str(name))
        for document in documents
        for part, key in (("role", "roles"), ("step", "first_boot"))
        for _, name in document.each(key, "*")
    )

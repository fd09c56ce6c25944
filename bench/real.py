"""The recorded run on Synnefo's own packages: a rehearsal of site `real`, baked from a folder of
them and booted in containers.

scripts/host/record-real FOLDER    FOLDER has the .debs

What was seen goes to docs/real-evidence.md, which is committed, with each red check and its reason.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.ending import exit_code
from golden import atomic, definition, log, manifest, report, run
from golden.boot.target import target
from golden.definition import Site
from golden.errors import USER_ERROR_CODE, StageError
from golden.lock.model import STANDIN
from golden.packages import folder as given
from golden.paths import ARTIFACTS, ROOT, shown
from golden.rehearse import rehearse

SITE = "real"
# Asks for the recorded answers, and writes how many rows were answered how.
REPLAY = ROOT / "tests" / "integration" / "real" / "test_contract.py"
CONTRACT = "contract.md"
DOCUMENT = ROOT / "docs" / "real-evidence.md"
# Checks, as subject.name, that are red for a reason that is not ours.
REASONS: Mapping[str, str] = {}
HEAD = """# What ran on Synnefo's own packages

Written by `scripts/host/record-real FOLDER`: site `real`, Debian 11 in two containers, with the
packages of FOLDER. None of them is in the repository; [wheezy.md](wheezy.md), section 17, says
where their sources are public.
"""
NOTHING = "\nNothing has been recorded yet.\n"


@dataclass(frozen=True)
class Record:
    """What a rehearsal has kept: {stage: (seconds, how it ended)}, its rounds of checks as
    golden.report has them in JSON, and the table that REPLAY has written."""

    stages: Mapping[str, tuple[float, str]]
    rounds: Mapping[str, Mapping[str, Any]]
    contract: str = ""


def kept(site: str) -> Record:
    """The record of the last rehearsal of `site`."""
    folder = ARTIFACTS / site / "rehearsal"
    moments = json.loads((folder / "timeline.json").read_text())
    stages = {
        one["what"]: (one["seconds"], one["state"]) for one in moments if one["where"] == "site"
    }
    files = {
        "check": folder / "checks.container.json",
        "check again": report.last_file(site),
    }
    present = {name: path for name, path in files.items() if name in stages and path.exists()}
    rounds = {name: json.loads(path.read_text()) for name, path in present.items()}
    contract = ARTIFACTS / site / CONTRACT
    return Record(stages, rounds, contract.read_text() if contract.exists() else "")


def document(seen: Record, versions: Mapping[str, str], played: Iterable[str]) -> str:
    """The text of DOCUMENT: `versions` of the folder's packages, and the stand-ins `played`."""
    lines = [HEAD, "| stage | ended | seconds | passed | failed | not run here |"]
    lines.append("|---|---|---|---|---|---|")
    for name, (seconds, state) in seen.stages.items():
        counts = seen.rounds.get(name, {}).get("counts", {})
        cells = [str(counts.get(one, "")) for one in ("passed", "failed", "not run")]
        lines.append(f"| {name} | {state} | {seconds:.0f} | {' | '.join(cells)} |")
    lines += ["", "## Red checks", "", *_red(seen)]
    lines += ["", "## Recorded answers, asked for again", "", *_contract(seen)]
    lines += ["", "## Not run here", "", *_not_run(seen)]
    names = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    lines += ["", "## Packages", "", f"Of the folder ({len(versions)}): {names}."]
    return "\n".join([*lines, "", f"Played: {', '.join(sorted(played))}."]) + "\n"


def _red(seen: Record) -> list[str]:
    rows = [
        f"| {_name(one)} | {_cell(one['reason'])} | {REASONS.get(_name(one), 'OURS TO MEND')} |"
        for one in _checks(seen, "failed")
    ]
    return (
        ["| check | says | because |", "|---|---|---|", *sorted(set(rows))] if rows else ["None."]
    )


def _contract(seen: Record) -> list[str]:
    words = "Of requests and commands that were recorded from a Synnefo 0.16.2 (tests/contract):"
    return [words, "", *seen.contract.splitlines()] if seen.contract else ["Not run."]


def _not_run(seen: Record) -> list[str]:
    counts = Counter(_cell(one["reason"]) for one in _checks(seen, "not run"))
    return [f"- {count}: {reason}" for reason, count in sorted(counts.items())] or ["None."]


def _checks(seen: Record, state: str) -> list[dict[str, str]]:
    return [one for each in seen.rounds.values() for one in each["checks"] if one["state"] == state]


def _name(one: Mapping[str, str]) -> str:
    return f"{one['subject']}.{one['name'].partition('[')[0]}"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())


def _packages(site: Site) -> tuple[dict[str, str], list[str]]:
    """The versions of the folder's packages, and the names of stand-ins."""
    origins = manifest.origins(site.name, (kind.name for kind in site.kinds))
    versions = {
        name: version
        for kind in site.kinds
        for name, version in (manifest.read(site.name, kind.name) or {}).get("packages", {}).items()
        if origins.get(name) == given.SUITE
    }
    return versions, [name for name, origin in origins.items() if origin == STANDIN]


def main(words: list[str]) -> int:
    """Rehearse and record, whether all was green or not. Raises what the rehearsal raises."""
    if len(words) != 1:
        log.error("record-real takes the folder of the packages")
        return USER_ERROR_CODE
    site = definition.load(SITE, packages=words[0])
    (ARTIFACTS / SITE / CONTRACT).unlink(missing_ok=True)
    try:
        rehearse(site, target("container"), more={"recorded answers": lambda: _replay(site)})
    except StageError:
        write(site)
        raise
    write(site)
    return 0


def _replay(site: Site) -> None:
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(REPLAY)]
    run.run(argv, env={"GOLDEN_SITE": site.name}, cwd=ROOT, stage="replay")


def write(site: Site) -> None:
    """Write DOCUMENT from what the last rehearsal of `site` has kept."""
    atomic.write(DOCUMENT, document(kept(site.name), *_packages(site)))
    log.info(f"written: {shown(DOCUMENT)}")


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))

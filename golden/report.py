"""How a run is reported: the outcomes of checks, and the time line of a rehearsal."""

from __future__ import annotations

import dataclasses
import json
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from golden import log, paths

State = Literal["passed", "failed", "not run"]
# Characters: a reason is shown on one line.
REASON_WIDTH = 220


@dataclass(frozen=True)
class Outcome:
    """One check: `subject` is its file (`packages`), `name` its function and case.

    `reason` says why it failed or could not run here; `guide` are the guide ids that it proves;
    `nodes` the nodes it is about (none: the site as a whole).
    """

    subject: str
    name: str
    state: State
    seconds: float
    reason: str = ""
    guide: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """All outcomes of one run of the checks on `site`; `seconds` of wall time. `origins` are those
    of the images' packages that are no release's own."""

    site: str
    outcomes: tuple[Outcome, ...]
    seconds: float
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether something was checked and nothing failed."""
        return self.count("failed") == 0 and self.count("passed") > 0

    def count(self, state: State) -> int:
        """How many checks ended in `state`."""
        return sum(outcome.state == state for outcome in self.outcomes)

    def summary(self) -> str:
        """One line: `212 passed, 0 failed, 3 not run here in 96 s`."""
        return (
            f"{self.count('passed')} passed, {self.count('failed')} failed, "
            f"{self.count('not run')} not run here in {self.seconds:.0f} s"
        )

    def as_json(self) -> dict[str, Any]:
        """The report for another program."""
        return {
            "site": self.site,
            "ok": self.ok,
            "seconds": round(self.seconds, 1),
            "counts": {state: self.count(state) for state in ("passed", "failed", "not run")},
            "origins": dict(self.origins),
            "checks": [dataclasses.asdict(outcome) for outcome in self.outcomes],
        }

    def show(self) -> None:
        """Print a table by subject, then every failure, then what could not run here and why."""
        log.table(
            ("subject", "passed", "failed", "not run here", "seconds"),
            [_row(subject, of) for subject, of in _by_subject(self.outcomes)],
            title=f"Checks of site {self.site}",
        )
        for outcome in self.outcomes:
            if outcome.state == "failed":
                log.info(f"FAILED {outcome.subject}: {outcome.name}: {_line(outcome.reason)}")
        missing = Counter(
            (one.subject, _line(one.reason)) for one in self.outcomes if one.state == "not run"
        )
        for (subject, reason), times in missing.items():
            log.info(f"not run here, {subject} ({times}): {reason}")
        show_origins(self.origins)
        log.info(self.summary())


def show_origins(origins: Mapping[str, str]) -> None:
    """Print which packages are no release's own: a line for the stand-ins, and one for those of the
    site's folder."""
    for origin in sorted(set(origins.values())):
        names = [name for name in sorted(origins) if origins[name] == origin]
        log.info(f"{origin.rstrip('/')} ({len(names)}): {', '.join(names)}")


def _by_subject(outcomes: Iterable[Outcome]) -> list[tuple[str, list[Outcome]]]:
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.subject, []).append(outcome)
    return list(groups.items())


def _row(subject: str, outcomes: list[Outcome]) -> tuple[str, ...]:
    counts = Counter(outcome.state for outcome in outcomes)
    shown = [
        str(counts[state]) if counts[state] else "" for state in ("passed", "failed", "not run")
    ]
    return (subject, *shown, f"{sum(outcome.seconds for outcome in outcomes):.0f}")


def _line(reason: str) -> str:
    words = " ".join(reason.split())
    return words if len(words) <= REASON_WIDTH else words[: REASON_WIDTH - 1] + "…"


def from_junit(path: Path) -> tuple[Outcome, ...]:
    """Read the outcomes from pytest's JUnit file, in the order in which the checks ran."""
    return tuple(_outcome(case) for case in ElementTree.parse(path).iter("testcase"))


def from_json(path: Path) -> Report:
    """Read a report that was written as JSON."""
    found = json.loads(path.read_text())
    outcomes = (
        Outcome(**{**one, "guide": tuple(one["guide"]), "nodes": tuple(one["nodes"])})
        for one in found["checks"]
    )
    return Report(found["site"], tuple(outcomes), found["seconds"], found.get("origins", {}))


def last_file(site: str) -> Path:
    """Where the last run of the checks on `site` is kept as JSON."""
    return paths.ARTIFACTS / site / "checks.json"


def last(site: str) -> Report | None:
    """What the last run of the checks on `site` found; None where there was none."""
    file = last_file(site)
    return from_json(file) if file.is_file() else None


def _outcome(case: ElementTree.Element) -> Outcome:
    state, reason = _state(case)
    properties = [(one.get("name", ""), one.get("value", "")) for one in case.iter("property")]
    return Outcome(
        subject=case.get("classname", "").rpartition(".")[2].removeprefix("test_"),
        name=case.get("name", "").removeprefix("test_"),
        state=state,
        seconds=float(case.get("time", "0")),
        reason=reason,
        guide=tuple(value for name, value in properties if name == "guide"),
        nodes=tuple(value for name, value in properties if name == "node"),
    )


def _state(case: ElementTree.Element) -> tuple[State, str]:
    for tag in ("failure", "error"):
        if (found := case.find(tag)) is not None:
            return "failed", _reason(found.get("message", ""))
    if (found := case.find("skipped")) is not None:
        return "not run", found.get("message", "")
    return "passed", ""


def _reason(message: str) -> str:
    # pytest puts `AssertionError: ` or `Failed: ` before what the check says, and the comparison
    # that failed after it.
    for prefix in ("AssertionError: ", "failed on setup with ", '"Failed: ', "Failed: "):
        message = message.removeprefix(prefix)
    return message.partition("\nassert ")[0].strip().rstrip('"')


@dataclass(frozen=True)
class Moment:
    """`what` happened on `where`: it began `start` s into the rehearsal and took `seconds`."""

    start: float
    seconds: float
    where: str
    what: str
    state: str = "done"


class Stages:
    """When each stage of a run began and how long it took: `moments`, in seconds of the run."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.moments: list[Moment] = []

    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._began

    def run(self, name: str, work: Callable[[], object]) -> None:
        """Do `work`; the moment is `failed` if it raises."""
        start, state = self.seconds(), "failed"
        try:
            work()
            state = "done"
        finally:
            self.moments.append(Moment(start, self.seconds() - start, "site", name, state))

    def began(self, name: str) -> float:
        """When the stage `name` began."""
        return next(one.start for one in self.moments if one.what == name)


def show_timeline(moments: Sequence[Moment], title: str) -> None:
    """Print the moments in the order of their beginning."""
    ordered = sorted(moments, key=lambda moment: (moment.start, moment.where))
    rows = [
        (f"{one.start:.0f} s", f"{one.seconds:.0f} s", one.where, one.what, one.state)
        for one in ordered
    ]
    log.table(("at", "took", "where", "what", "state"), rows, title=title)


def timeline_json(moments: Sequence[Moment]) -> list[dict[str, Any]]:
    """The time line for another program."""
    return [dataclasses.asdict(moment) for moment in moments]

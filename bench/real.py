"""The recorded run on Synnefo's own packages: site `real` is baked from a folder of them, booted in
containers, checked, cut from power, started again and checked once more.

scripts/host/record-real FOLDER    FOLDER has the .debs

What was seen goes to docs/real-evidence.md, which is committed. A red check must have a reason that
is not ours (REASONS), else the run ends with 1.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.ending import exit_code
from golden import atomic, check, definition, log, manifest
from golden.bake import bake
from golden.boot import running
from golden.boot.target import target
from golden.definition import Site
from golden.errors import STAGE_ERROR_CODE, USER_ERROR_CODE
from golden.lock.model import STANDIN
from golden.packages import folder as given
from golden.paths import ROOT, shown
from golden.report import Outcome, Report

SITE = "real"
DOCUMENT = ROOT / "docs" / "real-evidence.md"
# Checks, as subject.name, that are red for a reason that is not ours.
REASONS: Mapping[str, str] = {}
# The second round: what it looks like after a machine was made is known.
CALM = ("-m", "not destructive")
HEAD = """# What ran on Synnefo's own packages

Written by `scripts/host/record-real FOLDER`: site `real`, Debian 11 in two containers, with the
packages of FOLDER. None of them is in the repository; [wheezy.md](wheezy.md), section 17, says
where their sources are public.
"""
NOTHING = "\nNothing has been recorded yet.\n"


@dataclass
class Record:
    """What was done and seen: seconds by stage, and the reports of the rounds of checks."""

    seconds: dict[str, float] = field(default_factory=dict)
    reports: dict[str, Report] = field(default_factory=dict)

    def stage(self, name: str, work: Callable[[], Any]) -> Any:
        """Do `work` and note how long it took."""
        log.info(f"=== {name}")
        began = time.monotonic()
        result = work()
        self.seconds[name] = time.monotonic() - began
        return result


def record(site: Site) -> Record:
    """The whole run. Raises UserError and StageError as its stages do; a red check is none."""
    place, seen = target("container"), Record()
    seen.stage("bake", lambda: bake(site, (), place.format))
    running.down(site)
    try:
        seen.stage("first boot of both nodes", lambda: running.boot(site, (), place))
        seen.reports["after first boot"] = check.run(SITE)
        running.down(site, cut=True)
        seen.stage("start after a cut of power", lambda: running.boot(site, (), place))
        seen.reports["after the cut"] = check.run(SITE, options=CALM)
    finally:
        running.down(site)
    return seen


def document(seen: Record, versions: Mapping[str, str], played: Iterable[str]) -> str:
    """The text of DOCUMENT: `versions` of the folder's packages, and the stand-ins `played`."""
    lines = [HEAD, "| stage | seconds |", "|---|---|"]
    lines += [f"| {name} | {seconds:.0f} |" for name, seconds in seen.seconds.items()]
    lines += ["", "| checks | passed | failed | not run here |", "|---|---|---|---|"]
    for name, found in seen.reports.items():
        counts = [str(found.count(state)) for state in ("passed", "failed", "not run")]
        lines.append(f"| {name} | {' | '.join(counts)} |")
    lines += ["", "## Red checks", "", *_red(seen.reports.values())]
    lines += ["", "## Not run here", "", *_not_run(seen.reports.values())]
    names = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    lines += ["", "## Packages", "", f"Of the folder ({len(versions)}): {names}."]
    return "\n".join([*lines, "", f"Played: {', '.join(sorted(played))}."]) + "\n"


def _red(reports: Iterable[Report]) -> list[str]:
    rows = [
        f"| {_name(one)} | {_cell(one.reason)} | {REASONS.get(_name(one), 'OURS TO MEND')} |"
        for one in _outcomes(reports, "failed")
    ]
    return (
        ["| check | says | because |", "|---|---|---|", *sorted(set(rows))] if rows else ["None."]
    )


def _not_run(reports: Iterable[Report]) -> list[str]:
    counts = Counter(_cell(one.reason) for one in _outcomes(reports, "not run"))
    return [f"- {count}: {reason}" for reason, count in sorted(counts.items())] or ["None."]


def _outcomes(reports: Iterable[Report], state: str) -> list[Outcome]:
    return [one for found in reports for one in found.outcomes if one.state == state]


def _name(one: Outcome) -> str:
    return f"{one.subject}.{one.name.partition('[')[0]}"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())


def _packages(site: Site) -> tuple[dict[str, str], list[str]]:
    """The versions of the folder's packages, and the names of stand-ins."""
    origins = manifest.origins(site.name, (kind.name for kind in site.kinds))
    versions = {
        name: version
        for kind in site.kinds
        for name, version in (manifest.read(site.name, kind.name) or {})["packages"].items()
        if origins.get(name) == given.SUITE
    }
    return versions, [name for name, origin in origins.items() if origin == STANDIN]


def main(words: list[str]) -> int:
    """Record; 1 when a check is red for no reason that is known."""
    if len(words) != 1:
        log.error("record-real takes the folder of the packages")
        return USER_ERROR_CODE
    site = definition.load(SITE, packages=words[0])
    seen = record(site)
    atomic.write(DOCUMENT, document(seen, *_packages(site)))
    log.info(f"written: {shown(DOCUMENT)}")
    ours = {_name(one) for one in _outcomes(seen.reports.values(), "failed")} - REASONS.keys()
    return STAGE_ERROR_CODE if ours else 0


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))

"""scripts/host/record-faults: play each case on containers, compare, and write docs/faults.md."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.ending import exit_code
from bench.faults.cases import CASES, Case
from bench.faults.stage import Stage
from bench.uncut import difference, failed_checks, keep_consoles, uncut
from golden import atomic, definition, log, rundir
from golden.bake import bake
from golden.definition.models import Site
from golden.errors import STAGE_ERROR_CODE, StageError
from golden.paths import ARTIFACTS, ROOT, shown

DOCUMENT = ROOT / "docs" / "faults.md"
HEAD = """# Faults around first boot

Written by `scripts/host/record-faults` on containers. After each, every node is READY, every check
is green, and the site holds what it holds after a first boot without any fault
([power-cuts.md](power-cuts.md) says what that is). A sentence is what the node's console, its own
`firstboot status` and `./inv status` say; `./inv why` names the cause among the two likeliest.

Containers share a volume in place of NFS, and have their host's clock: a server of NFS that is away
is node1 that is off, and a clock that is years late is in tests/unit/firstboot/cases_steps.py and
cases_serving.py. A full disk is one mounted at /var/lib/postgresql, for / is the host's own.

| fault | outcome | seconds | said |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """How a case ended; `why` is "" when it ended well."""

    why: str
    seconds: int
    said: list[str]


def main() -> int:
    """The exit code, as of every task."""
    parser = argparse.ArgumentParser(prog="scripts/host/record-faults")
    parser.add_argument("--site", default="rehearsal")
    parser.add_argument("--only", default="", metavar="WORDS", help="cases that are called so")
    options = parser.parse_args()
    site = definition.load(options.site)
    stage = Stage(site)
    bake(site, (), stage.place.format)
    wanted = uncut(site, stage.place)
    for case in CASES:
        if options.only in case.what:
            rundir.write(_file(site, case), asdict(_played(Stage(site), case, wanted)))
    return _record(site)


def _played(stage: Stage, case: Case, wanted: dict[str, object]) -> Row:
    log.info(f"=== {case.what}")
    began, why = time.monotonic(), ""
    stage.end()
    try:
        for act in case.acts:
            log.info(f"{time.monotonic() - began:4.0f} s: {act.what}")
            act.do(stage)
        why = difference(stage.site, wanted) or failed_checks(stage.site)
    except StageError as error:
        why = str(error)
    finally:
        keep_consoles(stage.site, stage.place, _name(case))
        stage.end()
    row = Row(why, round(time.monotonic() - began), stage.said)
    log.info(f"{case.what}: {row.seconds} s: {why or 'as without it'}")
    return row


def _record(site: Site) -> int:
    """Write the table of what was played so far; the exit code."""
    rows = {case.what: rundir.read(_file(site, case)) for case in CASES}
    atomic.write(DOCUMENT, HEAD + "".join(_line(what, row) for what, row in rows.items()))
    log.info(f"written: {shown(DOCUMENT)}")
    bad = [what for what, row in rows.items() if isinstance(row, dict) and row["why"]]
    return STAGE_ERROR_CODE if bad else 0


def _line(what: str, row: object) -> str:
    if not isinstance(row, dict):
        return f"| {what} | not played yet | | |\n"
    outcome = row["why"].splitlines()[0] if row["why"] else "READY, as without it"
    cells = (what, outcome, row["seconds"], "<br>".join(dict.fromkeys(row["said"])))
    return "| " + " | ".join(str(cell).replace("|", r"\|") for cell in cells) + " |\n"


def _file(site: Site, case: Case) -> Path:
    return ARTIFACTS / site.name / "faults" / f"{_name(case)}.json"


def _name(case: Case) -> str:
    return "".join(each if each.isalnum() else "-" for each in case.what)


if __name__ == "__main__":
    sys.exit(exit_code(main))

"""Where each of the guide's 291 actions is done, what proves it, and the last result.

`./inv coverage` shows it. With --write the table goes to .artifacts/SITE/coverage.md, and its sums
by chapter to docs/guide-coverage.md.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from golden import atomic, guide, log, paths, report
from golden.definition import load
from golden.errors import UserError
from golden.guide import document
from golden.guide.proof import Outcomes, together
from golden.guide.table import Row, rows
from golden.paths import ROOT, shown

DOCUMENT = ROOT / "docs" / "guide-coverage.md"
TABLE = "coverage.md"

__all__ = ["DOCUMENT", "TABLE", "Row", "rehearsed", "rows_of", "show", "summary", "write"]


def rows_of(site: str, checks: Path | None = None) -> tuple[Row, ...]:
    """A row for each action of the guide, its state that of the last rehearsals of `site`.

    A check that cannot run on one target counts as on another. `checks` is a file that `inv check`
    wrote, by default those of `rehearsed`. Raises UserError when the site is invalid or a home
    names an id that the guide does not have.
    """
    files = [checks] if checks else list(rehearsed(site).values())
    found = [report.from_json(file).outcomes for file in files if file.exists()]
    outcomes = Outcomes(load(site), together(found)) if found else None
    return rows(guide.covered(), outcomes)


def rehearsed(site: str) -> dict[str, Path]:
    """{target: what the checks of its last rehearsal found}, or without any of the last check."""
    folder = paths.ARTIFACTS / site
    kept = {
        file.name.split(".")[1]: file
        for file in sorted((folder / "rehearsal").glob("checks.*.json"))
    }
    return kept or {"inv check": report.last_file(site)}


def show(site: str, *, as_json: bool = False) -> None:
    """Print the rows as a table with a summary, or as JSON."""
    found = rows_of(site)
    if as_json:
        log.raw(json.dumps([asdict(row) for row in found], indent=1))
        return
    header = ("id", "phase", "node", "action", "home", "proof", "state")
    log.table(
        header,
        [
            (row.id, row.phase, row.node, row.key, ", ".join(row.homes) or "-", row.proof, state)
            for row in found
            for state in [f"{row.state}: {row.reason}" if row.reason else row.state]
        ],
    )
    for line in summary(found):
        log.info(line)


def write(site: str) -> None:
    """Record the table of the last rehearsals of `site`, and in the document its sums by chapter.

    Raises UserError when no check of the site was ever run: the document would lose what it knows.
    """
    rehearsals = rehearsed(site)
    if not any(file.exists() for file in rehearsals.values()):
        raise UserError(
            f"no check of site {site} was ever run here, so there is nothing to record; "
            f"rehearse it first: ./inv rehearse --site {site}"
        )
    found = rows_of(site)
    for file, text in (
        (paths.ARTIFACTS / site / TABLE, document.whole(site, rehearsals, found)),
        (DOCUMENT, document.by_chapter(site, rehearsals, found)),
    ):
        atomic.write(file, text)
        log.info(f"{shown(file)}: {summary(found)[0]}")


def summary(found: Sequence[Row]) -> tuple[str, str]:
    """How many actions have a home, and how many are in which state."""
    homed = Counter(row.phase for row in found if row.homes)
    phases = [f"{phase} {homed[phase]}/{of}" for phase, of in Counter(_phases(found)).items()]
    states = [f"{count} {state}" for state, count in Counter(row.state for row in found).items()]
    return (
        f"{homed.total()} of {len(found)} have a home: {', '.join(phases)}",
        f"in the last rehearsal: {', '.join(sorted(states))}",
    )


def _phases(found: Sequence[Row]) -> list[str]:
    return [row.phase for row in found]

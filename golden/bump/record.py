"""What the last bump of a site changed, for its report: .artifacts/SITE/bump.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from golden import pages, paths, rundir
from golden.bake.planning import Plan
from golden.definition import Site

FILE = "bump.json"


def keep(
    site: Site,
    what: str,
    moved: Mapping[str, tuple[str, str]],
    notes: Sequence[tuple[str, str]],
    plan: Plan,
) -> None:
    """Keep the versions that `moved`, upstream's `notes` and what a bake then had to make; write
    the pages of the report."""
    found = {
        "what": what,
        "moved": [[name, old, new] for name, (old, new) in moved.items()],
        "notes": [list(note) for note in notes],
        "stale": [[step.name, step.seconds, list(step.reasons)] for step in plan.stale],
    }
    rundir.write(_file(site), found)
    pages.write(site)


def forget(site: Site) -> None:
    """The bump was undone: the pages show none."""
    _file(site).unlink(missing_ok=True)
    pages.write(site)


def _file(site: Site) -> Path:
    return paths.ARTIFACTS / site.name / FILE

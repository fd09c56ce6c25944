"""What an upgrade leaves on this host: .artifacts/SITE/upgrade/."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from golden import log, pages, paths, report, rundir
from golden.boot.former import Journal
from golden.definition import Site
from golden.report import Stages
from golden.rundir import NodeDir

FILE = "upgrade.json"


def folder(site: str) -> Path:
    """Where it lies."""
    return paths.ARTIFACTS / site / "upgrade"


def shown(site: Site) -> str:
    """The folder, as messages name it."""
    return paths.shown(folder(site.name))


def keep_consoles(site: Site) -> None:
    """Keep the consoles of the nodes as they are."""
    folder(site.name).mkdir(parents=True, exist_ok=True)
    for node in site.nodes:
        console = NodeDir(site.name, node.name).console
        if console.exists():
            shutil.copyfile(console, folder(site.name) / f"{node.name}.console.log")


def keep(site: Site, journal: Journal, stages: Stages, away: Mapping[str, float]) -> None:
    """Print and keep the time line, and the seconds for which each service was away."""
    report.show_timeline(stages.moments, f"Upgrade of site {site.name}")
    for name, seconds in away.items():
        log.info(f"{name} was away for {seconds:.0f} s")
    found = {
        "from": journal.former,
        "to": journal.new,
        "ended": _ended(journal),
        "why": journal.why,
        "seconds": round(stages.seconds(), 1),
        "timeline": report.timeline_json(stages.moments),
        "away": {name: round(seconds, 1) for name, seconds in away.items()},
        "instances": journal.instances,
    }
    rundir.write(folder(site.name) / FILE, found)
    pages.write(site)


def _ended(journal: Journal) -> str:
    if journal.stage == "done":
        return "done"
    if journal.why:
        return f"back again, {journal.why}"
    return "rehearsed, and back again" if journal.rehearsal else "back again"

"""What a first boot without trouble leaves on a site's nodes, and whether another left the same."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

from golden import check, log, rundir
from golden.boot import running, times
from golden.boot.target import Target
from golden.check.connection import Connection
from golden.definition.models import Site
from golden.paths import ARTIFACTS

FOLDER = "power-cuts"


def uncut(site: Site, place: Target) -> dict[str, Any]:
    """{"fingerprint": by node, "seconds": {"node.step": seconds}}; booted once, and kept."""
    path = folder(site, place) / "uncut.json"
    known = rundir.read(path)
    if isinstance(known, dict):
        return known
    log.info("a first boot without trouble, for comparison")
    running.down(site)
    try:
        running.boot(site, (), place)
        seconds = {
            f"{node.name}.{step.name}": step.seconds
            for node in site.nodes
            for step in times.steps(site.name, node.name)
        }
        found = {"seconds": seconds, "fingerprint": _fingerprint(site)}
    finally:
        running.down(site)
    rundir.write(path, found)
    return found


def folder(site: Site, place: Target) -> Path:
    """Where the results of `site` at `place` are kept."""
    path = ARTIFACTS / site.name / FOLDER / place.name
    path.mkdir(parents=True, exist_ok=True)
    return path


def difference(site: Site, wanted: dict[str, Any]) -> str:
    """How the booted `site` is not as `wanted`, which `uncut` found; "" when it is."""
    before, after = (
        json.dumps(each, indent=1, sort_keys=True).splitlines()
        for each in (wanted["fingerprint"], _fingerprint(site))
    )
    lines = list(difflib.unified_diff(before, after, lineterm="", n=1))[2:]
    return "\n".join(["not as without trouble:", *lines]) if lines else ""


def _fingerprint(site: Site) -> dict[str, Any]:
    """By node what scripts/check/fingerprint.py finds there."""
    link, name = Connection.to(site.name), "fingerprint"
    return {
        node.name: link.ask(node.name, site.release.python, [name], {})[name] for node in site.nodes
    }


def failed_checks(site: Site) -> str:
    """The checks of the booted `site` that fail; "" when none does."""
    # The state of a site does not depend on whether a machine is made and removed once more.
    found = check.run(site.name, options=check.CALM)
    failed = [f"{one.subject} {one.name}" for one in found.outcomes if one.state == "failed"]
    return "failed checks: " + ", ".join(failed) if failed else ""


def keep_consoles(site: Site, place: Target, name: str) -> None:
    """Keep the nodes' consoles beside the results, as NAME.NODE.console.log."""
    for node in site.nodes:
        text = rundir.NodeDir(site.name, node.name).console_text()
        (folder(site, place) / f"{name}.{node.name}.console.log").write_text(text)

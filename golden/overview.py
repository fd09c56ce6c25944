"""Where a site stands, in a few lines, and what to type next: a bare `inv`."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping

from golden import log, manifest, report
from golden.bake.current import stale
from golden.boot import running
from golden.boot.running import Look
from golden.definition import Site, load
from golden.releases import stages


def show(name: str) -> None:
    """Print how the site called `name` is, from its definition to its checks, and the next command.

    Raises UserError with every problem of an invalid definition.
    """
    site = load(name)
    missing = [kind.name for kind in site.kinds if manifest.read(name, kind.name) is None]
    old = stale(site)
    nodes = running.looks(site)
    lines = {
        "site": f"{name} on {site.release.name}: {len(site.nodes)} nodes, definition valid",
        "images": _images(site, missing, old),
        "release": _release(site),
        "nodes": "; ".join(f"{node} {_state(look)}" for node, look in nodes.items()),
        "checks": _checks(site),
        "next": _next(site, bool(missing or old), nodes),
        "more": "./inv --list shows every task, ./inv help TASK the options of one",
    }
    for subject, text in lines.items():
        log.info(f"{subject:<9}{text}")


def _images(site: Site, missing: Collection[str], old: Collection[str]) -> str:
    if missing:
        return f"not baked: {', '.join(missing)}"
    if old:
        return f"stale: {'; '.join(old)}"
    return f"baked: {', '.join(kind.name for kind in site.kinds)}"


def _release(site: Site) -> str:
    found = stages.in_place(site.name)
    if found is None:
        return "none"
    return f"{found.id}, {stages.read(site.name).stage_of(found)}, baked {found.baked}"


def _state(look: Look) -> str:
    return f"{look.machine}: {look.boot}" if look.boot else look.machine


def _checks(site: Site) -> str:
    last = report.last(site.name)
    if last is None:
        return "never run"
    ended = time.gmtime(report.last_file(site.name).stat().st_mtime)
    return f"{last.summary()}, at {time.strftime('%Y-%m-%d %H:%M', ended)} UTC"


def _next(site: Site, unbaked: bool, nodes: Mapping[str, Look]) -> str:
    """The most sensible command now."""
    here = f" --site {site.name}"
    phases = {node: look.boot.phase for node, look in nodes.items() if look.boot}
    failed = [node for node, phase in phases.items() if phase == "failed"]
    if failed:
        return f"./inv why {failed[0]}{here}"
    if unbaked and not phases:
        return f"./inv bake{here}"
    if len(phases) < len(nodes):
        return f"./inv boot{here}"
    if set(phases.values()) != {"ready"}:
        return f"./inv status{here}"
    return f"./inv check{here}"

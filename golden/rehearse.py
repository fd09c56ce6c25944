"""A rehearsal: bake, boot and check a whole site, then throw its nodes away."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from golden import check, log, pages, report
from golden.bake import bake
from golden.boot import running, status, times
from golden.boot.target import Target
from golden.definition.models import Node, Site
from golden.errors import UserError
from golden.pages import history
from golden.paths import ARTIFACTS, shown
from golden.report import Stages
from golden.rundir import NodeDir

# The others are to miss the first node: this is until they say that they wait, and no test of it.
ALONE_SECONDS = 30


def rehearse(
    site: Site,
    place: Target,
    *,
    keep: bool = False,
    once: bool = False,
    boot: Callable[[Site, Target], object] = lambda site, place: running.boot(site, (), place),
    more: Mapping[str, Callable[[], object]] = MappingProxyType({}),
) -> None:
    """Bake `site`, boot all its nodes on fresh disks at `place`, check them, start them once more
    with the first one last, check them again, end them. With `once` they are not started again.
    `boot` may do more than boot, such as cut their power; `more` are stages by name, for the end,
    when it does not matter any more what becomes of the nodes.

    The consoles, the time line and what the checks found at this target are kept in
    .artifacts/<site>/rehearsal/, and the pages of the report written, whether it went well or not.
    Raises what the stage that failed raises; UserError when nodes of the site run already, since a
    rehearsal must begin with disks that nothing has written to.
    """
    _refuse(site, place, keep)
    stages = Stages()
    stages.run("bake", lambda: bake(site, (), place.format))
    try:
        machines = _booted(site, place, stages, boot)
        stages.run("check", lambda: _check(site.name, place.name))
        if place.outlives_rehearsal and len(site.nodes) > 1 and not once:
            stages.run("reboot", lambda: _reboot(site, machines))
            stages.run("check again", lambda: check.check(site.name, (), check.CALM))
        for name, work in more.items():
            stages.run(name, work)
    finally:
        _keep_records(site, place, stages)
        if keep:
            log.info(f"the nodes still run; end them with ./inv down --site {site.name}")
        else:
            running.down(site)
    log.info(f"site {site.name}: rehearsed in {stages.seconds():.0f} s")


def _booted(
    site: Site, place: Target, stages: Stages, boot: Callable[[Site, Target], object]
) -> Target:
    try:
        # The rehearsal's machines only now: the bake needs the network of the host.
        machines = place.rehearsal(site)
        stages.run("boot", lambda: boot(site, machines))
    finally:
        stages.moments += times.moments(site, site.nodes, stages.began("boot"))
        _keep_consoles(site, "")
    return machines


def _refuse(site: Site, place: Target, keep: bool) -> None:
    if keep and not place.outlives_rehearsal:
        raise UserError(
            f"--keep: with --target {place.name} the machines of a rehearsal go with their "
            "network; leave it out"
        )
    up = [node.name for node in site.nodes if NodeDir(site.name, node.name).running()]
    if up:
        raise UserError(
            f"{' and '.join(up)} of site {site.name} still run, and a rehearsal needs fresh "
            f"disks; end them with ./inv down --site {site.name}"
        )
    kept = [node.name for node in site.nodes if place.has_state_apart(site.name, node.name)]
    if kept:
        raise UserError(
            f"state of {' and '.join(kept)} of site {site.name} is kept, and a rehearsal needs "
            f"fresh disks; throw it away with ./inv down --site {site.name}"
        )


def _check(site: str, where: str) -> None:
    found = report.last_file(site)
    found.unlink(missing_ok=True)
    try:
        check.check(site)
    finally:
        _copy(found, ARTIFACTS / site / "rehearsal" / f"checks.{where}.json")


def _reboot(site: Site, place: Target) -> None:
    """Start the nodes anew, the first one last, as after a power cut: the others find no storage to
    mount, and must be READY by themselves when it is there. Raises StageError when one is not."""
    _, *others = site.nodes
    running.down(site, keep=True)
    running.power_on(site, others, place)
    _wait_until_they_wait(site, others)
    running.boot(site, (), place)
    _keep_consoles(site, ".reboot")


def _wait_until_they_wait(site: Site, nodes: list[Node]) -> None:
    end = time.monotonic() + ALONE_SECONDS
    files = [NodeDir(site.name, node.name) for node in nodes]
    while time.monotonic() < end and not all(
        status.status(each.console_text()).event for each in files
    ):
        time.sleep(1)


def _keep_consoles(site: Site, which: str) -> None:
    for node in site.nodes:
        target = ARTIFACTS / site.name / "rehearsal" / f"{node.name}{which}.console.log"
        _copy(NodeDir(site.name, node.name).console, target)


def _keep_records(site: Site, place: Target, stages: Stages) -> None:
    folder = ARTIFACTS / site.name / "rehearsal"
    folder.mkdir(parents=True, exist_ok=True)
    moments = sorted(stages.moments, key=lambda moment: moment.start)
    report.show_timeline(moments, f"Rehearsal of site {site.name}")
    (folder / "timeline.json").write_text(json.dumps(report.timeline_json(moments), indent=1))
    log.info(f"time line and consoles: {shown(folder)}")
    history.keep(site.name, place.name, moments)
    pages.write(site)


def _copy(source: Path, target: Path) -> None:
    # A node that never got as far as a console has none to keep, nor checks that could not run.
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

"""A rehearsal: bake, boot and check a whole site, then throw its nodes away."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from golden import boot, check, definition, log, report
from golden.bake import bake
from golden.boot.metal.target import Metal
from golden.boot.target import Target, target
from golden.check.connection import Connection
from golden.definition.models import Site
from golden.errors import StageError, UserError
from golden.paths import ARTIFACTS, shown
from golden.report import Moment
from golden.rundir import NodeDir

# An NFS mount in the background tries again after two minutes at most (mount.nfs: bg).
COME_UP_SECONDS = 400
ARCHIPELAGO = "archipelago-boot"
# The second round: what it would look like after a machine was made and removed is known.
CALM = ("-m", "not destructive")


def rehearse(site: str, where: str, *, keep: bool = False, connect: str = "") -> None:
    """Bake `site`, boot all its nodes on fresh disks at target `where`, check them, start them once
    more with the first one last, check them again, end them.

    The consoles, the time line and what the checks found at this target are kept in
    .artifacts/<site>/rehearsal/, whether it went well or not. Raises what the stage that failed
    raises; UserError when nodes of the site run already, since a rehearsal must begin with disks
    that nothing has written to.
    """
    loaded, place = definition.load(site), target(where, connect)
    _must_be_down(loaded)
    if keep and where == Metal.name:
        raise UserError(
            "--keep: the machines of a metal rehearsal go with their network; leave it out"
        )
    stages = _Stages()
    stages.run("bake", lambda: bake(loaded, (), place.format))
    try:
        try:
            machines = _machines(loaded, place)
            stages.run("boot", lambda: boot.boot(site, (), where, connect, machines))
        finally:
            stages.moments += _steps(loaded, stages.began("boot"))
            _keep_consoles(loaded, "")
        stages.run("check", lambda: _check(site, where))
        # The machines of a metal rehearsal cannot be kept.
        if not isinstance(place, Metal) and len(loaded.nodes) > 1:
            stages.run("reboot", lambda: _reboot(loaded, where, connect))
            stages.run("check again", lambda: check.check(site, (), CALM))
    finally:
        _keep_records(loaded, stages)
        if keep:
            log.info(f"the nodes still run; end them with ./inv down --site {site}")
        else:
            boot.down(site)
    log.info(f"site {site}: rehearsed in {stages.seconds():.0f} s")


def _machines(site: Site, place: Target) -> Target:
    """Where the nodes boot: for metal, machines of our own on a network of our own.

    Only now: the bake needs the network of the host.
    """
    if not isinstance(place, Metal):
        return place
    # Imported here: only this target needs it.
    from golden.boot.metal import rehearsal

    rehearsal.own_network(site)
    return rehearsal.Rehearsed()


class _Stages:
    """When each stage of the rehearsal began and how long it took."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.moments: list[Moment] = []

    def seconds(self) -> float:
        return time.monotonic() - self._began

    def run(self, name: str, work: Callable[[], object]) -> None:
        with self._timed(name):
            work()

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        start, state = self.seconds(), "failed"
        try:
            yield
            state = "done"
        finally:
            self.moments.append(Moment(start, self.seconds() - start, "site", name, state))

    def began(self, name: str) -> float:
        return next(one.start for one in self.moments if one.what == name)


def _must_be_down(site: Site) -> None:
    running = [node.name for node in site.nodes if NodeDir(site.name, node.name).running()]
    if running:
        raise UserError(
            f"{' and '.join(running)} of site {site.name} still run, and a rehearsal needs fresh "
            f"disks; end them with ./inv down --site {site.name}"
        )


def _check(site: str, where: str) -> None:
    found = ARTIFACTS / site / "checks.json"
    found.unlink(missing_ok=True)
    try:
        check.check(site)
    finally:
        _copy(found, ARTIFACTS / site / "rehearsal" / f"checks.{where}.json")


def _reboot(site: Site, where: str, connect: str) -> None:
    """Start the nodes anew, the first one last, as after a power cut: the others find no storage to
    mount, and must come up by themselves when it is there. Raises StageError when one does not."""
    first, *others = site.nodes
    boot.down(site.name, keep=True)
    boot.boot(site.name, [node.name for node in others], where, connect)
    boot.boot(site.name, [first.name], where, connect)
    link = Connection.to(site.name)
    for node in (node for node in site.nodes if node.kind.has("archipelago")):
        end = time.monotonic() + COME_UP_SECONDS
        while (told := link.run(node.name, f"/etc/init.d/{ARCHIPELAGO} status")).code != 0:
            if time.monotonic() > end:
                raise StageError(
                    "reboot", f"{node.name}: {told.out.strip()} {COME_UP_SECONDS} s after the boot"
                )
            time.sleep(3)
    _keep_consoles(site, ".reboot")


def _keep_consoles(site: Site, which: str) -> None:
    for node in site.nodes:
        target = ARTIFACTS / site.name / "rehearsal" / f"{node.name}{which}.console.log"
        _copy(NodeDir(site.name, node.name).console, target)


def _keep_records(site: Site, stages: _Stages) -> None:
    folder = ARTIFACTS / site.name / "rehearsal"
    folder.mkdir(parents=True, exist_ok=True)
    moments = sorted(stages.moments, key=lambda moment: moment.start)
    report.show_timeline(moments, f"Rehearsal of site {site.name}")
    (folder / "timeline.json").write_text(json.dumps(report.timeline_json(moments), indent=1))
    log.info(f"time line and consoles: {shown(folder)}")


def _steps(site: Site, power_on: float) -> list[Moment]:
    return [
        Moment(power_on + step.began, step.seconds, node.name, step.name, step.state)
        for node in site.nodes
        for step in boot.timeline(site.name, node.name)
    ]


def _copy(source: Path, target: Path) -> None:
    # A node that never got as far as a console has none to keep, nor checks that could not run.
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

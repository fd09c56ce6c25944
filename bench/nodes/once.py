"""Boot one site in the copy of the checkout, and write what is read of it; see `main`."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

import docker

from bench.ending import exit_code
from bench.nodes import meter, readings
from bench.nodes.meter import Meter, Used
from bench.nodes.readings import ADD, Reading, Span
from golden import definition, log, rundir
from golden.bake import bake
from golden.boot import running, times
from golden.boot.container import engine, images, names
from golden.boot.target import target
from golden.definition.models import Node, Site
from golden.errors import StageError
from golden.paths import home
from golden.rundir import NodeDir

TARGET = "container"
JOURNAL = "cat /var/log/firstboot.log"
JOBS = 'for job in /var/lib/ganeti/queue/job-*; do cat "$job"; echo; done'


def main(words: list[str]) -> int:
    """SITE FILE: bake SITE, boot all its nodes at once, and write the Reading as JSON to FILE.

    The nodes are left on. Raises StageError when one does not come up.
    """
    name, file = words
    site, place = definition.load(name), target(TARGET)
    bake(site, (), place.format)
    client = engine.connect()
    for kind in site.kinds:
        # Else the nodes that are on already would wait for it.
        images.ensure(client, site, kind, home(), log.info)
    master = site.host_of("ganeti-master")
    ordered = sorted(site.nodes, key=lambda node: node is not master)
    counted = engine.connect()  # by a thread of its own
    with Meter(lambda: [_used(counted, site, node).seconds for node in ordered]) as counting:
        running.boot(site, (), place)
    rundir.write(Path(file), asdict(_reading(client, site, master, counting)))
    return 0


def _reading(client: docker.DockerClient, site: Site, master: Node, counting: Meter) -> Reading:
    files = {node.name: NodeDir(site.name, node.name) for node in site.nodes}
    power_on = {name: _power_on(each) for name, each in files.items()}
    began = min(power_on.values())
    ready = readings.ready({name: each.console_text() for name, each in files.items()})
    steps = {
        each.name: (power_on[master.name] + each.began, each.seconds)
        for each in times.steps(site.name, master.name)
    }
    step: Span = (steps[ADD][0], sum(steps[ADD]))
    run = readings.commands(_said(client, site, master, JOURNAL), master.kind.first_boot)
    whole = meter.spent(counting.samples, began, max(ready.values()))
    used = {node.name: _used(client, site, node) for node in site.nodes}
    executed = readings.jobs(_said(client, site, master, JOBS), time.time() - meter.uptime())
    cores = os.cpu_count() or 1
    return Reading(
        nodes=len(site.nodes),
        cores=cores,
        master=master.name,
        ready={name: round(moment - began, 1) for name, moment in ready.items()},
        began=round(step[0] - began, 1),
        steps={name: seconds for name, (_, seconds) in steps.items()},
        adding=readings.adding(step, run.get(ADD, []), executed, counting.samples),
        processor={name: round(each.seconds, 1) for name, each in used.items()},
        mib=round(sum(each.mib for each in used.values())),
        beside=round((whole.busy - whole.nodes) / (cores * whole.uptime), 3),
    )


def _power_on(files: NodeDir) -> float:
    """The uptime of the kernel when the node was switched on."""
    marks = rundir.read(files.marks)
    if not isinstance(marks, dict) or "uptime" not in marks:
        raise StageError("bench", f"{files.node}: there is no record of when it was switched on")
    return float(marks["uptime"])


def _used(client: docker.DockerClient, site: Site, node: Node) -> Used:
    return meter.used(client, names.container(site.name, node.name))


def _said(client: docker.DockerClient, site: Site, node: Node, script: str) -> str:
    container = client.containers.get(names.container(site.name, node.name))
    code, out = container.exec_run(["sh", "-euc", script])
    text = out.decode(errors="replace") if isinstance(out, bytes) else ""
    if code:
        raise StageError("bench", f"{node.name}: {script}", code=code, tail=text.splitlines()[-8:])
    return text


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))

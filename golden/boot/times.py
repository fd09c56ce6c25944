"""The time line of the nodes' last boot: printed, and kept as JSON beside their manifests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from golden import report, rundir
from golden.boot import status
from golden.boot.status import StepTime
from golden.definition.models import Node, Site
from golden.paths import ARTIFACTS
from golden.report import Moment
from golden.rundir import NodeDir


def steps(site: str, node: str) -> tuple[StepTime, ...]:
    """Every phase and first-boot step of the node's last boot, with its seconds."""
    files = NodeDir(site, node)
    marks = rundir.read(files.marks)
    return status.timeline(files.console_text(), marks if isinstance(marks, dict) else {})


def moments(site: Site, nodes: Iterable[Node], power_on: float = 0.0) -> list[Moment]:
    """The steps of all `nodes`, which were powered on `power_on` seconds into what is timed."""
    return [
        Moment(power_on + step.began, step.seconds, node.name, step.name, step.state)
        for node in nodes
        for step in steps(site.name, node.name)
    ]


def show(site: Site, nodes: Iterable[Node]) -> None:
    """Print the time line of `nodes` in order of start."""
    report.show_timeline(moments(site, nodes), f"Boot of site {site.name}")


def keep(site: Site, nodes: Iterable[Node]) -> None:
    """Write the time line of each node into the folder of its kind's manifest."""
    for node in nodes:
        rundir.write(path(site, node), report.timeline_json(moments(site, [node])))


def path(site: Site, node: Node) -> Path:
    """The path of the time line of `node`."""
    return ARTIFACTS / site.name / node.kind.name / f"{node.name}.timeline.json"

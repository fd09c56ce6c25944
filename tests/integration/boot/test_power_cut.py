"""The power of both nodes fails in the middle of first boot; the next boot ends what was begun.

Nothing is mocked: the rehearsal's own images, killed with SIGKILL. Under emulation that takes half
an hour.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from golden import check, definition
from golden.boot import running, times
from golden.boot.target import target
from golden.definition.models import Node, Site
from golden.rundir import NodeDir

SITE = "rehearsal"
# Late enough for the database, the broker and the cluster to have been begun.
STEPS = {"node1": 18, "node2": 12}
SECONDS = 1800

pytestmark = pytest.mark.nightly


@pytest.fixture
def site() -> Iterator[Site]:
    loaded = definition.load(SITE)
    assert not any(NodeDir(SITE, node.name).running() for node in loaded.nodes)
    running.down(definition.load(SITE))
    yield loaded
    running.down(definition.load(SITE))


def wait_for_steps(node: Node, number: int) -> None:
    """Until first boot has ended so many steps on the node."""
    end = time.monotonic() + SECONDS
    while True:
        ended = [step for step in times.steps(SITE, node.name) if step.state == "done"]
        if len(ended) >= number:
            return
        assert time.monotonic() < end, f"{node.name} never came that far: {ended[-3:]}"
        assert NodeDir(SITE, node.name).running(), f"{node.name} ended by itself"
        time.sleep(0.2)


def cut(node: Node) -> None:
    """Kill the node's machine or container as a power cut does."""
    state = NodeDir(SITE, node.name).running()
    assert state is not None
    os.kill(state.pid, signal.SIGKILL)
    while NodeDir(SITE, node.name).running():
        time.sleep(0.1)


def test_nodes_converge_after_a_power_cut_in_first_boot(site: Site) -> None:
    running.power_on(site, site.nodes, target("qemu"))
    for node in reversed(site.nodes):
        wait_for_steps(node, STEPS[node.name])
    for node in site.nodes:
        cut(node)
    took = running.boot(definition.load(SITE), (), target("qemu"))
    assert set(took) == {node.name for node in site.nodes}
    found = check.run(SITE)
    assert found.ok, [one for one in found.outcomes if one.state == "failed"]

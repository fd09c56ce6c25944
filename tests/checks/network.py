"""A Ganeti network for the time of a few checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from testinfra.host import Host

from golden.definition import Bridge
from tests.checks.instance import asked

CONNECT = "gnt-network connect --nic-parameters mode=bridged,link=%s %s"


@contextmanager
def network(
    master: Host, name: str, subnet: str, bridge: Bridge, options: str, tags: str
) -> Iterator[str]:
    """The network `name` with `subnet`, connected to `bridge`; `options` are more of `add`'s.

    It is gone in the end, and what an interrupted run has left is removed first.
    """
    remove(master, name)
    try:
        add = f"gnt-network add --network=%s --tags=%s {options} %s"
        asked(master, add, subnet, tags, name)
        asked(master, CONNECT, bridge.name, name)
        yield name
    finally:
        remove(master, name)


def remove(master: Host, name: str) -> None:
    """Disconnect and remove the network, connected or not; a no-op when there is none."""
    names = master.check_output("gnt-network list --no-headers -o name").split()
    if name in names:
        master.run("gnt-network disconnect %s 2>&1", name)
        asked(master, "gnt-network remove --force %s", name)

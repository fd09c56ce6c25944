"""A Ganeti network for the time of a few checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from testinfra.host import Host

from golden.definition import Bridge

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
        add = "gnt-network add --network=%s --tags=%s " + options + " %s 2>&1"
        _do(master, add, subnet, tags, name)
        _do(master, CONNECT + " 2>&1", bridge.name, name)
        yield name
    finally:
        remove(master, name)


def remove(master: Host, name: str) -> None:
    """Disconnect and remove the network, connected or not; a no-op when there is none."""
    names = master.check_output("gnt-network list --no-headers -o name").split()
    if name in names:
        master.run("gnt-network disconnect %s 2>&1", name)
        _do(master, "gnt-network remove --force %s 2>&1", name)


def _do(master: Host, command: str, *words: str) -> None:
    said = master.run(command, *words)
    assert said.rc == 0, f"{command % words}: {said.stdout}"

"""The faults: what happens in which order, and what is said of it. All end READY.

The clock is not among them: containers have that of their host. tests/unit/firstboot/ has cases of
a clock that is years late (cases_steps.py, cases_serving.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from bench.faults.acts import (
    Act,
    at,
    cable,
    cut,
    fails,
    notes,
    off,
    on,
    pause,
    ready,
    restart,
    resume,
    seed_is,
    seed_missing,
    shell,
    waits,
)

BOTH = on("node1", "node2")
NODE1_AWAY = "node1 is off, or its own first boot failed"
# Erlang's virtual machine, and nobody else of that user.
BROKER = "kill -{0} $(pgrep -u rabbitmq beam)"
DATABASE = "/var/lib/postgresql"
SMALL = f"mount -t tmpfs -o size=12m,mode=755 none {DATABASE}; chown postgres:postgres {DATABASE}"


@dataclass(frozen=True)
class Case:
    """`acts` in their order, on nodes that were never on; in the end all is as without them."""

    what: str
    acts: tuple[Act, ...]


def renamed(text: str) -> str:
    """The seed of node2 in which somebody has written node1."""
    return _edited(text, lambda golden: golden["node"].update(name="node1"))


def of_node1(text: str) -> str:
    """The seed of node2 as if it were that of node1."""
    return _edited(text, lambda golden: golden.update(node=golden["nodes"][0]))


def changed(text: str) -> str:
    """The seed of a node whose site was changed."""
    return _edited(text, lambda golden: golden.update(serial="0" * 16))


def _edited(text: str, edit: Any) -> str:
    first, _, rest = text.partition("\n")
    found = json.loads(rest)
    edit(found["golden"])
    return f"{first}\n{json.dumps(found)}"


CASES = (
    Case(
        "node2 first, node1 minutes later",
        (
            on("node2"),
            waits("node2", "waiting for node1 storage", NODE1_AWAY),
            pause(160),
            waits("node2", "waiting for node1 storage", NODE1_AWAY),
            on("node1"),
            ready(),
        ),
    ),
    Case(
        "node1 restarts while it adds node2",
        (BOTH, at("node1", "ganeti_node_add", "running"), restart("node1"), ready()),
    ),
    Case(
        "node2 restarts while node1 adds it, and stays away for a minute",
        (
            BOTH,
            at("node1", "ganeti_node_add", "running"),
            off("node2"),
            waits("node1", "tried again in", "node2"),
            pause(45),
            on("node2"),
            ready(),
        ),
    ),
    Case(
        "the LAN of node2 is down for more than a minute while node1 adds it",
        (
            BOTH,
            at("node1", "ganeti_node_add", "running"),
            cable("node2", "down"),
            pause(75),
            cable("node2", "up"),
            ready(),
        ),
    ),
    Case(
        "the broker stands still for more than a minute",
        (
            BOTH,
            at("node1", "public_network", "done"),
            shell("node1", "the broker stands still", BROKER.format("STOP")),
            pause(75),
            shell("node1", "the broker goes on", BROKER.format("CONT")),
            ready(),
        ),
    ),
    Case(
        "the disk of the database is full",
        (
            BOTH,
            shell("node1", f"{DATABASE} is a small disk", SMALL),
            fails("node1", f"no space left on {DATABASE}", "the disk is too small"),
            shell("node1", f"{DATABASE} is large again", f"umount {DATABASE}"),
            resume("node1"),
            ready(),
        ),
    ),
    Case(
        "a seed that is missing, truncated, of another node, renamed; changed after success",
        (
            on("node2"),
            cut("node2"),
            seed_missing("node2"),
            on("node2"),
            fails("node2", "no seed: ", "./inv seed wrote is not attached"),
            cut("node2"),
            seed_is("node2", "truncated", lambda text: text[: len(text) // 2]),
            on("node2"),
            fails("node2", "the seed is not one", "the seed was cut while it was copied"),
            cut("node2"),
            seed_is("node2", "that of node1", of_node1),
            on("node2"),
            fails("node2", "the seed is for kind node1", "the seed of another node is attached"),
            cut("node2"),
            seed_is("node2", "renamed to node1", renamed),
            on("node2"),
            fails("node2", "the seed names node node1", "the seed was changed by hand"),
            cut("node2"),
            seed_is("node2", "its own again"),
            on("node2", "node1"),
            ready(),
            seed_is("node2", "changed", changed),
            restart("node2"),
            notes("node2", "seed changed, not applied"),
            seed_is("node2", "its own again"),
            restart("node2"),
            ready(),
        ),
    ),
    Case(
        "both restart later, node1 minutes after node2",
        (
            BOTH,
            ready(),
            off("node2"),
            off("node1"),
            on("node2"),
            waits("node2", "which needs node1", NODE1_AWAY),
            pause(45),
            on("node1"),
            ready(),
        ),
    ),
)

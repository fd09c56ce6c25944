"""What several tasks share: options, their help texts, their defaults."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from golden import menu

DEFAULT_SITE = "rehearsal"
# invoke gives a list; it would take another default's type, and a tuple cuts "node1" in letters.
Nodes = Sequence[str] | None
HELP = {
    "site": "a file of images/sites/ without its .yaml",
    "node": "only this node; may be given more than once",
    "target": "where the nodes boot: qemu, container, libvirt or metal",
    "connect": "the libvirt for --target libvirt: qemu:///system, qemu+ssh://USER@HOST/system",
    "verbose": "print every line of the work, not only what it does now",
    "json": "print JSON for another program",
}

task = functools.partial(menu.task, texts=HELP)

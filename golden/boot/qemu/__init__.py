"""The target qemu: each node a process of this user; it needs no root, bridge or daemon."""

from __future__ import annotations

from golden.boot import state_disk
from golden.boot.target import Declaration, Option, Target


def _load() -> type[Target]:
    from golden.boot.qemu.target import Qemu

    return Qemu


_KERNEL = Option(
    "kernel",
    "the folder of vmlinuz and initrd.img, where the images have none (default: this host's /)",
    tasks=("boot", "rehearse"),
)

DECLARED = Declaration(_load, (_KERNEL, state_disk.OPTION))

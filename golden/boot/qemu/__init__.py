"""The target qemu: each node a process of this user; it needs no root, bridge or daemon."""

from __future__ import annotations

from golden.boot.target import Declaration, Target


def _load() -> type[Target]:
    from golden.boot.qemu.target import Qemu

    return Qemu


DECLARED = Declaration(_load)

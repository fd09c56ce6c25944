"""One bootable disk from one tree: partition table, file system, boot loader, format."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from golden import atomic
from golden.disk import filesystem, grub, layout, qcow2
from golden.errors import UserError

FORMATS = ("qcow2", "raw")

# Names under which other identities derive from a layer key; any constant does.
_NAMESPACE = uuid.UUID("6f6c2fd4-1f0c-5bb4-8c5e-6d2c8f5f2a10")


@dataclass(frozen=True)
class Built:
    """A finished disk: its file, bytes on the host, MiB in use inside, and seconds by step."""

    path: Path
    format: str
    bytes: int
    used_mib: int
    uuid: str
    seconds: Mapping[str, float]


def build(
    tree: Path,
    out: Path,
    *,
    size_mib: int,
    identity: str,
    epoch: int = 0,
    fmt: str = "qcow2",
    options: Mapping[str, str] | None = None,
    enter: Sequence[str] = (),
    log: Path | None = None,
    on_step: Callable[[str], None] | None = None,
) -> Built:
    """Make the disk `out` of `size_mib` MiB whose root file system is `tree`.

    `identity` (the key of the tree) determines the file system UUID, hash seed and disk signature;
    for `epoch` see `filesystem.make`. `options` are the release's `compat` and `compression` of a
    qcow2. `enter` is the argv prefix of a command that sees `tree` with its real owners. `out`
    appears only when complete. Raises UserError when the tree does not fit, StageError when a tool
    fails.
    """
    if fmt not in FORMATS:
        raise UserError(f"disk format {fmt!r} is not known; valid are {', '.join(FORMATS)}")
    out.parent.mkdir(parents=True, exist_ok=True)
    raw, final = atomic.partial(out, "raw"), atomic.partial(out)
    clock = _Clock(on_step)
    try:
        clock.step("file system")
        found = _fill(raw, tree, size_mib, identity, epoch, enter, log)
        clock.step("boot loader")
        grub.install(raw, log)
        clock.step(fmt)
        _convert(raw, final, fmt, options or {})
        _publish(final, out)
    finally:
        raw.unlink(missing_ok=True)
        final.unlink(missing_ok=True)
    size = out.stat().st_blocks * layout.SECTOR
    return Built(out, fmt, size, found.used_mib, str(found.identity), clock.stop())


class _Clock:
    """Reports each step to the caller and records its duration."""

    def __init__(self, on_step: Callable[[str], None] | None) -> None:
        self._on_step = on_step
        self._name = ""
        self._began = time.monotonic()
        self._seconds: dict[str, float] = {}

    def step(self, name: str) -> None:
        self.stop()
        self._name, self._began = name, time.monotonic()
        if self._on_step:
            self._on_step(name)

    def stop(self) -> Mapping[str, float]:
        if self._name:
            self._seconds[self._name] = round(time.monotonic() - self._began, 2)
        return self._seconds


def _fill(
    raw: Path,
    tree: Path,
    size_mib: int,
    key: str,
    epoch: int,
    enter: Sequence[str],
    log: Path | None,
) -> filesystem.Superblock:
    identity = uuid.uuid5(_NAMESPACE, key)
    layout.partition(raw, size_mib, identity, log)
    return filesystem.make(raw, tree, size_mib, identity, enter, log, epoch=epoch)


def _convert(raw: Path, out: Path, fmt: str, options: Mapping[str, str]) -> None:
    if fmt == "raw":
        raw.replace(out)
        return
    compat, compression = options.get("compat", "1.1"), options.get("compression", "zlib")
    qcow2.write(raw, out, compat, compression)


def _publish(final: Path, out: Path) -> None:
    # An artifact is read only to everybody: nodes boot from overlays on it.
    final.chmod(0o444)
    with final.open("rb") as file:
        os.fsync(file.fileno())
    final.replace(out)

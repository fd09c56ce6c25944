"""Find which modules of a baked kernel drive a device, by `modules.alias` and others (depmod(8)).

The answer comes from the release's own kernel, never from a list of ours: kernel 3.2 has no NVMe
because its modules.alias has none. One fact is in no alias: a virtio device without the legacy
interface matches virtio_pci of every kernel, but only kernels from 4.0 on can drive it
(docs/wheezy.md W6.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from golden.errors import StageError

VIRTIO = re.compile(r"^pci:v00001AF4d0000(1[0-9A-F]{3})sv.{8}sd0000([0-9A-F]{4})")
FIRST_MODERN = 0x1040  # virtio 1.0, 4.1.2.1
MODERN_SINCE = (4, 0)


@dataclass(frozen=True)
class Drivers:
    """The drivers of one kernel as (alias pattern, module), and the kernel's version."""

    kernel: str
    aliases: tuple[tuple[str, str], ...]

    def modules(self, modalias: str) -> tuple[str, ...]:
        """The modules that drive the PCI device `modalias`; empty if none does."""
        found = self._matching(modalias)
        virtio = VIRTIO.match(modalias)
        return self._virtio(found, virtio) if virtio else found

    def _virtio(self, transport: tuple[str, ...], device: re.Match[str]) -> tuple[str, ...]:
        number = int(device[1], 16)
        modern = number >= FIRST_MODERN
        if not transport or (modern and version(self.kernel) < MODERN_SINCE):
            return ()
        # A device of the old kind has its type as subsystem id, a new one in its device id.
        kind = number - FIRST_MODERN if modern else int(device[2], 16)
        behind = self._matching(f"virtio:d{kind:08X}v00001AF4")
        return (*transport, *behind) if behind else ()

    def _matching(self, modalias: str) -> tuple[str, ...]:
        bus = modalias.partition(":")[0] + ":"
        return tuple(
            dict.fromkeys(
                module
                for pattern, module in self.aliases
                if pattern.startswith(bus) and fnmatchcase(modalias, pattern)
            )
        )


def version(kernel: str) -> tuple[int, int]:
    """The first two numbers of a kernel's release, such as 6.1.0-56-amd64."""
    major, minor = kernel.split(".")[:2]
    return int(major), int(re.sub(r"\D.*", "", minor))


def read(folder: Path) -> Drivers:
    """Read the drivers of the kernel with modules in `folder`. Raises StageError without a list."""
    listed = folder / "modules.alias"
    if not listed.is_file():
        raise StageError("installer", f"{folder}: no modules.alias, so its drivers are not known")
    lines = listed.read_text(errors="replace").splitlines()
    loaded = [tuple(line.split()[1:3]) for line in lines if line.startswith("alias ")]
    aliases = [(pair[0], pair[1]) for pair in loaded if len(pair) == 2]
    return Drivers(folder.name, (*aliases, *_built_in(folder / "modules.builtin.modinfo")))


def _built_in(path: Path) -> Iterable[tuple[str, str]]:
    """The drivers built into the kernel; kernels before 5.2 do not list them."""
    if not path.is_file():
        return
    for entry in path.read_bytes().split(b"\0"):
        found = re.match(rb"^([^.]+)\.alias=(.+)$", entry)
        if found:
            yield found[2].decode("utf-8", "replace"), f"{found[1].decode()} (built in)"

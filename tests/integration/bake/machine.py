"""The other way to run a layer's scripts: over ssh in a virtual machine, Packer's source qemu.disk.

For a guest whose programs do not run on the host's kernel (docs/wheezy.md W3.1). It starts from a
bootable disk that lets root in with a key, leaves that disk as it is, and gives a new one.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from golden.bake import packer
from golden.errors import StageError

DISK = "disk.qcow2"


@dataclass(frozen=True)
class Machine:
    """The virtual machine: its first disk (qcow2), root's private key, `accelerator` kvm or tcg."""

    start: Path
    key: Path
    accelerator: str
    memory_mib: int
    disk_mib: int


def provision(
    name: str,
    machine: Machine,
    scripts: Sequence[Path],
    payload: Mapping[str, bytes],
    debs: Sequence[Path],
    scratch: Path,
    log: Path,
    say: Callable[[str], None],
) -> Path:
    """Run `scripts` in the machine with `payload` and `debs` in /run/bake; return its new disk.

    The disk lies in the empty folder `scratch`. Raises StageError when the machine does not start,
    or when a script fails.
    """
    bundle = scratch / "bake.tar"
    pack(bundle, scripts, payload, debs)
    say(f"starting a machine ({machine.accelerator})")
    variables = {
        "scripts": [str(script) for script in scripts],
        "qemu_image": str(machine.start),
        "qemu_input": str(bundle),
        "qemu_output": str(scratch / "output"),
        "qemu_ssh_key": str(machine.key),
        "qemu_accelerator": machine.accelerator,
        "qemu_memory": machine.memory_mib,
        "qemu_disk_size": f"{machine.disk_mib}M",
    }
    packer.build(name, "qemu.disk", variables, scratch, log, say)
    disk = scratch / "output" / DISK
    if not disk.is_file():
        raise StageError(f"bake {name}", "Packer left no disk", log=log)
    return disk


def pack(
    bundle: Path, scripts: Sequence[Path], payload: Mapping[str, bytes], debs: Sequence[Path]
) -> None:
    """Write what is to be /run/bake in the machine as one tar: scripts/, input/, debs/."""
    with tarfile.open(bundle, "w", format=tarfile.GNU_FORMAT) as tar:
        for folder, files in (("scripts", scripts), ("debs", debs)):
            for file in files:
                tar.add(file, f"{folder}/{file.name}")
        for name, content in payload.items():
            member = tarfile.TarInfo(f"input/{name}")
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, BytesIO(content))

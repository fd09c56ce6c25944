"""Write a stick image to a real device, carefully: a wrong device's data is lost for good."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from golden import definition, log, run
from golden.errors import StageError, UserError
from golden.installer import bundle, stick

MIB = 1024 * 1024


@dataclass(frozen=True)
class Host:
    """Where the kernel describes its block devices."""

    sys: Path = Path("/sys/class/block")
    mounts: Path = Path("/proc/self/mounts")
    swaps: Path = Path("/proc/swaps")


def flash(site: str, nodes: tuple[str, ...], devices: tuple[str, ...]) -> None:
    """`inv metal.flash`: write the stick of `nodes` to the one device that `devices` name.

    Naming the device twice overwrites one that is not removable or holds data. Raises UserError
    before anything is written, StageError when the device reads back other bytes.
    """
    if not devices or len(set(devices)) != 1 or len(devices) > 2:
        raise UserError(
            "--device: name one device, such as /dev/sdb (twice where you are asked to)"
        )
    device = Path(devices[0])
    check(device, insist=len(devices) == 2)
    made = bundle.make(definition.load(site), nodes)
    with tempfile.TemporaryDirectory(prefix=".flash-", dir=made.folder) as folder:
        image = stick.make(made, Path(folder) / "stick.img")
        check_size(device, image.stat().st_size)
        write(image, device)
    names = ", ".join(node.name for node in made.nodes)
    log.info(f"{device}: installs {names}; it holds their keys and passwords")


def check(device: Path, *, insist: bool, host: Host = Host()) -> None:
    """Show what is on `device`. Raises UserError if it must not be overwritten."""
    if not device.exists():
        raise UserError(f"--device {device}: there is no such device; ./inv metal.usb makes a file")
    mode = device.stat().st_mode
    if not stat.S_ISBLK(mode) and not stat.S_ISREG(mode):
        raise UserError(f"--device {device}: neither a disk nor a file")
    name = device.resolve().name
    if stat.S_ISBLK(mode):
        _check_use(name, host)
    length, held = size(device), contents(device)
    log.info(f"{device}: {length / 1e6:.0f} MB, holds {held or 'nothing known'}")
    why = [f"holds {held}"] if held and f'LABEL="{stick.LABEL}"' not in held else []
    if stat.S_ISBLK(mode) and not _is_removable(name, host):
        why.append("is not a removable disk")
    if why and not insist:
        raise UserError(
            f"--device {device}: it {' and '.join(why)}; if it shall be overwritten all the same, "
            f"name it twice: --device {device} --device {device}"
        )


def check_size(device: Path, needed: int) -> None:
    """Raise UserError if `device` has fewer than `needed` bytes."""
    if size(device) < needed:
        raise UserError(
            f"--device {device}: {size(device) / 1e6:.0f} MB are too few, the stick needs "
            f"{needed / 1e6:.0f} MB; choose fewer nodes with --node"
        )


def size(device: Path) -> int:
    """The size in bytes of a device or a file. Raises UserError if this user may not read it."""
    try:
        with device.open("rb") as file:
            return file.seek(0, os.SEEK_END)
    except OSError as error:
        raise UserError(
            f"--device {device}: {error.strerror}; a disk is written as root, with a medium in it"
        ) from error


def contents(device: Path) -> str:
    """What blkid finds on the device and its partitions, in its own words; empty if nothing.

    As in the installer, a first MiB that is not all zeros counts as data, whatever blkid finds.
    """
    parts = [device, *sorted(device.parent.glob(f"{device.name}*[0-9]"))]
    looks = [run.run(["blkid", "-p", part], check=False, stage="flash") for part in parts]
    # 8: it begins like several things at once (blkid(8), RETURN CODE).
    found = "; ".join(each.out.strip() for each in looks if each.code in (0, 8))
    with device.open("rb") as file:
        begins = any(file.read(MIB))
    return found or ("something unknown at its beginning" if begins else "")


def write(image: Path, device: Path) -> None:
    """Write `image` to `device`, the first MiB last, then read it back and compare."""
    with log.progress() as progress:
        task = progress.task(f"to {device}")
        try:
            _copy(image, device, task.say)
        except OSError as error:
            task.fail()
            busy = error.errno == errno.EBUSY
            hint = "it is in use: unmount it" if busy else "try another stick"
            raise StageError("flash", f"{device}: {error.strerror}", hint=hint) from error
        except StageError:
            task.fail()
            raise
        task.done("written and read back")


def _copy(image: Path, device: Path, say: Callable[[str], None]) -> None:
    total = image.stat().st_size
    # O_EXCL: the kernel refuses a device that is mounted or part of something (open(2)).
    exclusive = os.O_EXCL if device.is_block_device() else 0
    target = os.open(device, os.O_RDWR | exclusive)
    try:
        with image.open("rb") as source:
            # Until all is written and read back, nothing starts from it.
            os.pwrite(target, bytes(MIB), 0)
            for at, block in _blocks(source.fileno(), MIB, total):
                os.pwrite(target, block, at)
                say(f"writing, {at * 10 // total}0 %")
            os.fsync(target)
            os.posix_fadvise(target, 0, 0, os.POSIX_FADV_DONTNEED)
            for at, block in _blocks(source.fileno(), MIB, total):
                if os.pread(target, len(block), at) != block:
                    raise StageError(
                        "flash",
                        f"{device} does not keep what is written to it (at {at // MIB} MiB)",
                        hint="it is broken, or smaller than it says; take another",
                    )
                say(f"reading back, {at * 10 // total}0 %")
            os.pwrite(target, os.pread(source.fileno(), MIB, 0), 0)
            os.fsync(target)
    finally:
        os.close(target)


def _blocks(file: int, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    for at in range(start, end, MIB):
        yield at, os.pread(file, MIB, at)


def _check_use(name: str, host: Host) -> None:
    folder = host.sys / name
    if (folder / "partition").exists():
        raise UserError(f"--device /dev/{name}: that is a partition; name the whole disk")
    parts = [name, *(part.name for part in folder.glob(f"{name}*") if part.is_dir())]
    used = {line.split()[0] for line in host.mounts.read_text().splitlines()}
    used |= {line.split()[0] for line in host.swaps.read_text().splitlines()}
    for part in parts:
        place = folder if part == name else folder / part
        holders = sorted((place / "holders").glob("*"))
        if holders:
            raise UserError(f"--device /dev/{name}: in use, {holders[0].name} is made of {part}")
        if f"/dev/{part}" in used:
            raise UserError(f"--device /dev/{name}: in use, {part} is mounted; unmount it first")


def _is_removable(name: str, host: Host) -> bool:
    file = host.sys / name / "removable"
    usb = "/usb" in str((host.sys / name).resolve())
    return usb or (file.is_file() and file.read_text().strip() == "1")

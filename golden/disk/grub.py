"""The boot loader: the host's GRUB 2 for BIOS, put on the disk without grub-install.

grub-install needs a device it can map (docs/wheezy.md W5.5); the two files it would write are
simple enough: boot.img's code goes to sector 0 around the partition table, core.img to the sectors
behind it. All modules are in core.img, so the image needs no GRUB package and no
/boot/grub/i386-pc.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from golden import run
from golden.disk.filesystem import LABEL
from golden.disk.layout import PARTITION_START, SECTOR
from golden.errors import StageError

MODULES = (
    *("biosdisk", "part_msdos", "ext2", "search_label", "normal", "configfile", "linux"),
    *("serial", "terminal", "test"),
    # For a person at the prompt of a machine that does not boot.
    *("ls", "cat", "echo", "halt", "reboot", "minicmd"),
)
# What a boot asks for, and who brings it; without fsck.ext4 sysvinit stops in a maintenance shell.
NEEDED = {
    "/vmlinuz": "a kernel",
    "/initrd.img": "a kernel with its initramfs",
    "/boot/grub/grub.cfg": "golden.disk.boot_files()",
    "/sbin/fsck.ext4": "the package e2fsprogs",
}
LIBRARY = Path("/usr/lib/grub/i386-pc")

BOOT_CODE = 440  # bytes of sector 0 before the disk signature and the partition table
# Offsets in boot.img: include/grub/i386/pc/boot.h of GRUB 2.06.
KERNEL_SECTOR = 0x5C
DRIVE_CHECK = 0x66

EARLY_CFG = """\
search.fs_label {label} root hd0,msdos1
set prefix=($root)/boot/grub
"""

OPTIONS = f"root=LABEL={LABEL} ro net.ifnames=0 biosdevname=0"
CONSOLES = "console=tty0 console=ttyS0,115200n8"
GRUB_CFG = """\
# The names /vmlinuz and /initrd.img are links that the kernel package keeps: no update-grub needed.
# Hidden: a menu drawn on a serial line takes seconds. Escape shows it.
set timeout_style=hidden
set timeout=1
set default=0
# A machine may have no serial port; then the console alone.
if serial --unit=0 --speed=115200 --word=8 --parity=no --stop=1; then
    terminal_input console serial
    terminal_output console serial
fi
set options="{options}"
set consoles="{consoles}"
menuentry "Debian GNU/Linux" {{
    linux /vmlinuz $options $consoles
    initrd /initrd.img
}}
menuentry "Debian GNU/Linux, single user" {{
    linux /vmlinuz $options $consoles single
    initrd /initrd.img
}}
"""

FSTAB = f"""\
# The label is the same in every image; device names differ between machines (docs/wheezy.md W5.7).
LABEL={LABEL} / ext4 errors=remount-ro 0 1
"""


def boot_files() -> dict[str, str]:
    """The text files that the tree of a disk needs for booting, by path in the image."""
    return {
        "/boot/grub/grub.cfg": GRUB_CFG.format(options=OPTIONS, consoles=CONSOLES),
        "/etc/fstab": FSTAB,
    }


def kernel_options() -> str:
    """The options that the menu gives the kernel, for whoever boots a disk without it."""
    return f"{OPTIONS} {CONSOLES}"


def require_bootable(holds: Callable[[str], bool], own_kernel: bool = True) -> None:
    """Raise StageError when a tree lacks a file that every boot asks for.

    `holds` says whether the tree has something behind a path, its links resolved within the tree:
    the kernel packages of wheezy make /initrd.img an absolute one. Without `own_kernel`, that comes
    from outside the image.
    """
    for name, source in NEEDED.items():
        if (own_kernel or "kernel" not in source) and not holds(name):
            raise StageError(
                "disk",
                f"the tree has no {name}, so its disk would not boot",
                hint=f"put {source} into the image",
            )


def install(disk: Path, log: Path | None = None, label: str = LABEL) -> None:
    """Make `disk` start GRUB, with the menu of the file system `label`.

    Raises StageError when core.img does not fit before the partition.
    """
    boot = LIBRARY / "boot.img"
    if not boot.exists():
        raise StageError("disk", f"{boot} is missing", hint="apt-get install grub-pc-bin")
    core = _core_image(log, label)
    room = PARTITION_START - SECTOR
    if len(core) > room:
        raise StageError("disk", f"core.img has {len(core)} bytes, before the partition fit {room}")
    with disk.open("r+b") as file:
        file.write(boot_code(boot.read_bytes()))
        file.seek(SECTOR)
        file.write(core)


def boot_code(boot: bytes) -> bytes:
    """boot.img's code as grub-bios-setup writes it to a hard disk, up to the partition table."""
    code = bytearray(boot[:BOOT_CODE])
    code[KERNEL_SECTOR : KERNEL_SECTOR + 8] = (1).to_bytes(8, "little")
    # Some BIOSes do not pass the drive number of a hard disk; two NOPs there make GRUB not care
    # (util/setup.c of GRUB 2.06, "buggy BIOSes").
    code[DRIVE_CHECK : DRIVE_CHECK + 2] = b"\x90\x90"
    return bytes(code)


def _core_image(log: Path | None, label: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="golden-grub-") as name:
        folder = Path(name)
        early = folder / "early.cfg"
        early.write_text(EARLY_CFG.format(label=label))
        core = folder / "core.img"
        argv: list[str | Path] = ["grub-mkimage", "-O", "i386-pc", "-d", LIBRARY, "-o", core]
        argv += ["-c", early, "-p", "(hd0,msdos1)/boot/grub", *MODULES]
        run.run(argv, log=log, stage="disk")
        return core.read_bytes()

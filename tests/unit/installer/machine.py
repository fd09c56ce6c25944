"""A machine for the installer's scripts: a folder that stands for /, with disks that are files.

What is real here: the shell, dd, cmp, gzip, openssl, blkid and the disk's bytes. What is played:
the kernel's /sys and /proc, udevadm, mount, and the calls that want a block device.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from golden import run
from golden.definition.files import Disk
from golden.installer import image, manifest
from golden.installer.initramfs import SOURCE
from tests.unit.small_site import small_site

MIB = 1024 * 1024
SECTOR = 512
IMAGE_MIB = 36  # a piece with the file system's beginning, one of zeros, and a short one
KEY = rsa.generate_private_key(65537, 2048)
SITE = small_site()

# At the write to a disk that $FAIL_AT counts, half of it is written and the installer is gone.
FAKES = {
    "mount": "exit 0",
    "setpriv": 'while case $1 in --*) ;; *) false ;; esac; do shift; done; exec "$@"',
    "sync": "exit 0",
    "blockdev": "exit 0",
    "sleep": "exit 0",
    "udevadm": 'cat "$GOLDEN_ROOT/udev/${{3#--name=/dev/}}" 2>/dev/null',
    "blkid": 'case $* in *LABEL=golden-stick) echo /dev/sdz1 ;; *) exec {blkid} "$@" ;; esac',
    "dd": """\
case $* in *of=$GOLDEN_ROOT/dev/*) ;; *) exec {dd} "$@" ;; esac
echo >> "$GOLDEN_ROOT/writes"
[ "$(wc -l < "$GOLDEN_ROOT/writes")" = "$FAIL_AT" ] || exec {dd} "$@"
for word; do
    case $word in count=*) {dd} "$@" count=$((${{word#count=}} / 2)) ;; esac
done
kill -9 "$PPID"
""",
}


@dataclass
class Outcome:
    """How the installer ended: exit `code`, what it reported, and all that it said."""

    code: int
    events: list[dict[str, Any]]
    out: str

    @property
    def last(self) -> dict[str, Any]:
        """The last thing it reported."""
        return self.events[-1]


class Machine:
    """One machine with a stick in it; `shell` runs the scripts: ("dash",) or ("busybox", "sh")."""

    def __init__(self, root: Path, shell: tuple[str, ...]) -> None:
        self.root, self.shell = root, shell
        self.stick = root / "run/stick"
        for name in ("proc", "dev", "tmp", "sys/block", "sys/class/net/eth0", "udev", "run/stick"):
            (root / name).mkdir(parents=True)
        self.write("sys/class/net/eth0/address", SITE.nodes[0].mac)
        self.write("proc/uptime", "12.50 3.00")
        self.write("proc/mounts", "rootfs / rootfs rw 0 0")
        self.write("proc/swaps", "Filename Type Size Used Priority")
        self.words("golden.source=stick")
        (root / "dev/console").touch()
        self._fakes()
        shutil.copytree(SOURCE, root / "installer")
        public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (root / "installer/key.pem").write_bytes(public)

    def _fakes(self) -> None:
        folder = self.root / "fakes"
        folder.mkdir()
        real = {name: str(run.which(name)) for name in ("blkid", "dd")}
        for name, body in FAKES.items():
            (folder / name).write_text(f"#!/bin/sh\n{body.format(**real)}\n")
            (folder / name).chmod(0o755)

    def write(self, name: str, text: str) -> None:
        """A file of the kernel's."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")

    def words(self, *words: str) -> None:
        """The kernel's command line."""
        self.write("proc/cmdline", " ".join(("boot=golden", *words)))

    def disk(self, name: str, mib: int, serial: str = "", content: bytes = b"") -> Path:
        """Give the machine a disk of `mib` MiB that begins with `content`."""
        path = self.root / "dev" / name.replace("!", "/")
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.write(content)
            file.truncate(mib * MIB)
        self.write(f"sys/block/{name}/size", str(mib * 2048))
        self.write(f"sys/block/{name}/ro", "0")
        (self.root / f"sys/block/{name}/holders").mkdir()
        if serial:
            self.write(f"udev/{name.replace('!', '/')}", f"ID_SERIAL_SHORT={serial}")
        return path

    def bundle(
        self, rule: Disk, content: bytes | None = None, node: int = 0, instance: str = ""
    ) -> bytes:
        """Put a signed bundle for a node with the disk `rule` on the stick; returns its image."""
        content = content or picture()
        raw = self.root / "disk.raw"
        raw.write_bytes(content)
        chosen = SITE.nodes[node]
        kind = chosen.kind.name
        made = image.make(kind, raw, digest(content), self.stick / kind, lambda _: None)
        seed = b"the seed of " + chosen.name.encode()
        (self.stick / "seed").mkdir(exist_ok=True)
        (self.stick / "seed" / chosen.name).write_bytes(seed)
        told = manifest.Seed(len(seed), digest(seed), instance or f"small-{chosen.name}-0a")
        self.sign(manifest.text(SITE.name, [(chosen, rule, told)], [made]))
        return content

    def sign(self, text: str) -> None:
        """Put this manifest on the stick, signed."""
        (self.stick / "manifest").write_text(text)
        signed = KEY.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        (self.stick / "manifest.sig").write_bytes(signed)

    def install(self, fail_at: int = 0) -> Outcome:
        """Run the installer; with `fail_at` the power fails at that write to a disk."""
        (self.root / "dev/console").write_text("")
        (self.root / "writes").write_text("")
        done = run.run(
            [*self.shell, self.root / "installer/install.sh"],
            env={
                "GOLDEN_ROOT": str(self.root),
                "FAIL_AT": str(fail_at),
                "PATH": f"{self.root}/fakes:/usr/sbin:/usr/bin:/sbin:/bin",
            },
            check=False,
            timeout=60,
        )
        console = (self.root / "dev/console").read_text().splitlines()
        found = [json.loads(line[11:]) for line in console if line.startswith("@installer ")]
        return Outcome(done.code, found, done.out)

    def writes(self) -> int:
        """How often the last run wrote to a disk."""
        return len((self.root / "writes").read_text().splitlines())


def picture() -> bytes:
    """An image as the installer sees one: boot code, superblock's magic and label, data, zeros."""
    content = bytearray(IMAGE_MIB * MIB)
    content[0:400] = b"boot code " * 40
    content[510:512] = b"\x55\xaa"
    content[SECTOR : SECTOR + 60000] = b"core " * 12000
    content[MIB + 1080 : MIB + 1082] = b"\x53\xef"
    content[MIB + 1024 + 0x78 : MIB + 1024 + 0x83] = b"golden-root"
    content[3 * MIB : 4 * MIB] = hashlib.sha256(b"data").digest() * (MIB // 32)
    content[33 * MIB : 36 * MIB] = hashlib.sha256(b"more").digest() * (3 * MIB // 32)
    return bytes(content)


def digest(content: bytes) -> str:
    """The SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def boots(disk: Path) -> bool:
    """Whether a BIOS starts something from it and a root file system is found by its label."""
    with disk.open("rb") as file:
        start = file.read(MIB + 4096)
    return start[510:512] == b"\x55\xaa" and start[MIB + 1080 : MIB + 1082] == b"\x53\xef"


def holds(disk: Path, image: bytes) -> bool:
    """Whether all of `image` is on the disk, apart from partition table and our mark."""
    with disk.open("rb") as file:
        found = bytearray(file.read(len(image)))
    for start, end in ((446, 510), (2047 * SECTOR, 2048 * SECTOR)):
        found[start:end] = image[start:end]
    return bytes(found) == image


def lvm_label() -> bytes:
    """The beginning of a physical volume, as LVM's label_header and pv_header have it."""
    content = bytearray(4 * MIB)  # libblkid looks for no volume on what a floppy could be
    content[512:520] = b"LABELONE"
    content[520:528] = (1).to_bytes(8, "little")
    content[532:536] = (32).to_bytes(4, "little")
    content[536:544] = b"LVM2 001"
    content[544:576] = b"a" * 32
    content[576:584] = (100 * MIB).to_bytes(8, "little")
    crc = 0xF597A6CF
    for byte in content[532:1024]:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xEDB88320 if crc & 1 else 0)
    content[528:532] = crc.to_bytes(4, "little")
    return bytes(content)

"""A bundle of a few MiB: the real installer, in a tiny initramfs, with the tiny guest as its image.

The programs are this host's own in place of a baked tree's.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from golden import disk, run, seed
from golden.boot.accelerator import QEMU, Accelerator
from golden.definition.files import Disk
from golden.installer import image, initramfs, manifest
from golden.installer.bundle import Bundle
from golden.keys import signing
from golden.layers.overlay import Stack
from tests.integration.boot import tiny_guest
from tests.unit.small_site import small_site
from tests.waiting import until

SITE = small_site()
NODE = SITE.nodes[0]
RULE = Disk(serial="S1")
IMAGE_MIB = 56  # four pieces, the last one short
DISK_MIB = 64
MEMORY_MIB = 320
# Only for what never comes: two boots and an installation took 55 s beside other machines (TCG),
# and more than three times that beside a rehearsal.
WAIT_SECONDS = 900.0
MIB = 1024 * 1024

# What Debian's initramfs does before it comes to scripts/installer/golden.
INIT = """\
#!/bin/sh
mkdir -p /dev /proc /sys /run /tmp
mount -t devtmpfs dev /dev
for name in {modules}; do
    insmod /lib/$name.ko
done
mount -t proc proc /proc
mount -t sysfs sys /sys
if test -e /sys/class/net/eth0; then
    ip link set eth0 up
    ip address add 198.51.100.1/24 dev eth0
fi
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec dash /usr/lib/golden-installer/start.sh < /dev/console > /dev/console 2>&1
"""


def make(folder: Path) -> Bundle:
    """Make the bundle, signed with the key of golden.paths.SECRETS."""
    tree = tiny_guest.make(folder / "guest", alone=True)
    raw = folder / "disk.raw"
    disk.build(tree, raw, size_mib=IMAGE_MIB, identity="tiny", fmt="raw")
    place = folder / "metal"
    kind = NODE.kind.name
    made = image.make(kind, raw, "tiny", place / kind, lambda _: None)
    shutil.copy(tree / "vmlinuz", place / "vmlinuz")
    parts = folder / "guest/packages/root"
    theirs = gzip.compress(tiny_guest.initramfs(folder / "initramfs", parts, INIT))
    ours = initramfs.ours(Stack([Path("/")]), signing.public_key())
    (place / "initrd").write_bytes(theirs + bytes(-len(theirs) % 4) + ours)
    told = seed.write(SITE, NODE, place / "seed" / f"{NODE.name}.iso")
    bundle = Bundle(SITE.name, place, (NODE,), (kind,), {NODE.name: told})
    content = told.read_bytes()
    row = (NODE, RULE, manifest.Seed(len(content), hashlib.sha256(content).hexdigest(), "i"))
    bundle.manifest.write_text(manifest.text(SITE.name, [row], [made]))
    signing.sign(bundle.manifest)
    return bundle


class Machine:
    """A machine with a blank disk of serial S1; starts and stops as often as a test likes."""

    def __init__(self, folder: Path, accelerator: Accelerator, mib: int = DISK_MIB) -> None:
        folder.mkdir()
        self.console = folder / "console.log"
        self.disk = folder / "disk.img"
        self.accelerator = accelerator
        self._log = folder / "qemu.log"
        self._child: run.Process | None = None
        with self.disk.open("wb") as file:
            file.truncate(mib * MIB)

    def start(self, *, stick: Path | None = None, boot: Bundle | None = None) -> None:
        """Power on: from the kernel of `boot`, or as a BIOS does, the stick first."""
        self.console.unlink(missing_ok=True)
        words = [QEMU, "-machine", "pc", *self.accelerator.options, "-m", str(MEMORY_MIB)]
        words += [
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-serial",
            f"file:{self.console}",
        ]
        words += ["-netdev", "user,id=lan,restrict=on"]
        words += ["-device", f"virtio-net-pci,netdev=lan,mac={NODE.mac},addr=4,romfile="]
        words += _drive("disk", self.disk, "serial=S1,addr=5", "")
        if stick:
            # With -kernel, QEMU starts that first and has no second first.
            first = "" if boot else ",bootindex=0"
            words += _drive("stick", stick, f"addr=6{first}", ",readonly=on")
        if boot:
            line = boot.command_line("stick", NODE.name, reinstall=True)
            words += ["-kernel", str(boot.kernel), "-initrd", str(boot.initrd), "-append", line]
        self._child = run.start(words, log=self._log, stage="test")

    def kill(self) -> None:
        """Take the power away."""
        assert self._child is not None
        self._child.send_signal(signal.SIGKILL)
        self._child.wait()

    def said(self) -> str:
        """The console since power-on."""
        return self.console.read_text(errors="replace") if self.console.exists() else ""

    def wait(self, done: Callable[[str], bool], seconds: float = WAIT_SECONDS) -> str:
        """Wait until the console satisfies `done`; returns it."""
        until(lambda: done(self.said()) or self._ended(), seconds, lambda: self.said()[-3000:])
        said = self.said()
        assert done(said), self._log.read_text()
        return said

    def _ended(self) -> bool:
        return self._child is None or self._child.poll() is not None


def _drive(name: str, path: Path, device: str, options: str) -> list[str]:
    drive = f"if=none,id={name},file={path},format=raw{options}"
    return ["-drive", drive, "-device", f"virtio-blk-pci,drive={name},{device}"]

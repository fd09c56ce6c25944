"""How long bakes take and how much memory they need, beside mmdebstrap on the same host.

Everything runs in a copy of the checkout below .cache/bench (see `checkout`). mmdebstrap makes one
tar of node1's package set; ours are two bootable qcow2 disks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from bench.checkout import Copy, fresh
from bench.memory import Peak
from bench.recording import next_version
from golden import definition, log, run
from golden.definition.models import Layer
from golden.packages.local import standins_of
from golden.packages.sources import lines
from golden.paths import CACHE

# What was measured, how much it was, and what part of another measurement that is.
Row = tuple[str, str, str]

SITE = "rehearsal"
KIND = "node1"
HOME = CACHE / "bench"
# ext4 gives no inode anew that was deleted within the last minute, and who makes a file looks at
# each of them (recently_deleted in fs/ext4/ialloc.c of Linux): a tenth of a bake's work (perf).
SETTLE_SECONDS = 65
# A file of layer site that no step of the bake reads: changing it stales just what it should.
TOUCHED = Path("images/roles/base/files.bookworm/etc/chrony/chrony.conf.j2")


def measure() -> None:
    """Run every measurement once, in one go, and print the README's table. Raises StageError."""
    copy = fresh(HOME)
    reference, _ = _timed(_mmdebstrap, settle=True)
    cold, peak = _timed(lambda: _bake(copy), settle=True)
    again, _ = _timed(lambda: _bake(copy))
    plan, _ = _timed(lambda: copy.inv("plan", "--site", SITE))
    touched = copy.root / TOUCHED
    touched.write_bytes(touched.read_bytes() + b"# bench\n")
    changed, _ = _timed(lambda: _bake(copy))
    version = next_version(definition.load(SITE).release.synnefo)
    bump, _ = _timed(lambda: copy.inv("bump", "--synnefo", version, "--site", SITE))
    bumped, _ = _timed(lambda: _bake(copy))
    rows = [
        ("mmdebstrap, one tar of node1's packages", f"{reference:.0f} s", ""),
        _row("inv bake, both disks, nothing baked before", cold, reference, "mmdebstrap"),
        _row("inv bake again, nothing changed", again, cold),
        _row("inv plan, nothing changed", plan, cold),
        _row("inv bake, one rendered file changed, both disks", changed, cold),
        _row("inv bump, to another Synnefo", bump, cold),
        _row("inv bake after it, both disks", bumped, cold),
        ("peak memory of the cold bake, all processes", f"{peak:.0f} MiB", ""),
        *_fetching(copy, cold),
        *_sizes(copy.home),
    ]
    log.table(("what", "measured", "ratio"), rows, title=f"{os.cpu_count()} cores")


def _row(what: str, seconds: float, other: float, name: str = "cold") -> Row:
    return what, f"{seconds:.2f} s", f"{seconds / other:.2f} of {name}"


def _fetching(copy: Copy, cold: float) -> list[Row]:
    """The cold bake with every package from the mirror, and with none."""
    copy.forget()
    online, _ = _timed(lambda: _bake(copy), settle=True)
    copy.inv("pool", "--site", SITE)
    copy.forget("pool")
    offline, _ = _timed(lambda: copy.inv("bake", "--site", SITE, "--offline"), settle=True)
    return [
        _row("inv bake, both disks, every package from the mirror", online, cold),
        _row("inv bake --offline, both disks, every package from the pool", offline, cold),
    ]


def _timed(work: Callable[[], object], *, settle: bool = False) -> tuple[float, float]:
    """Seconds, and the peak memory in MiB; with `settle` not beside what the host does after others
    were deleted."""
    if settle:
        os.sync()
        time.sleep(SETTLE_SECONDS)
    began = time.monotonic()
    with Peak(os.getpid()) as peak:
        work()
    return time.monotonic() - began, peak.mib


def _bake(copy: Copy) -> None:
    copy.inv("bake", "--site", SITE)


def _mmdebstrap() -> None:
    site = definition.load(SITE)
    kind = site.kind(KIND)
    layers: tuple[Layer, ...] = ("base", "platform", "synnefo")
    names = {name for layer in layers for name in site.packages(kind, layer)} | {
        site.release.kernel
    }
    archives = HOME / "archives"
    archives.mkdir(parents=True)
    run.run(
        [
            *("mmdebstrap", "--mode=root" if os.geteuid() == 0 else "--mode=unshare"),
            *("--variant=minbase", "--skip=download/empty"),
            f"--include={','.join(sorted(names))}",
            '--setup-hook=mkdir -p "$1/var/cache/apt/archives"',
            f'--setup-hook=cp -al {CACHE / "debs"}/*.deb "$1/var/cache/apt/archives/"',
            *(site.release.suite, str(HOME / "node1.tar")),
            *lines(site.release),
            *(each.line for each in [standins_of(site.release, CACHE)] if each),
        ],
        log=HOME / "mmdebstrap.log",
        stage="bench",
    )


def _sizes(home: Path) -> list[Row]:
    disks = sorted((home / ".artifacts" / SITE).glob("*/disk.qcow2"))
    return [
        (f"qcow2 of {disk.parent.name}", f"{disk.stat().st_size / 1e6:.0f} MB", "")
        for disk in disks
    ]

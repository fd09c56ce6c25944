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
from golden import definition, log, run
from golden.definition.models import Layer
from golden.packages.local import standins_of
from golden.packages.sources import lines
from golden.paths import CACHE

SITE = "rehearsal"
KIND = "node1"
HOME = CACHE / "bench"
# A file of layer site that no step of the bake reads: changing it stales just what it should.
TOUCHED = Path("images/roles/base/files.bookworm/etc/chrony/chrony.conf.j2")


def measure() -> None:
    """Run every measurement once, in one go, and print the README's table."""
    copy = fresh(HOME)
    reference, _ = _timed(_mmdebstrap)
    rows = [("mmdebstrap, one tar of node1's packages", f"{reference:.0f} s")]
    cold, peak = _timed(lambda: _bake(copy))
    rows.append(("inv bake, both disks, nothing baked before", f"{cold:.0f} s"))
    again, _ = _timed(lambda: _bake(copy))
    rows.append(("inv bake again, nothing changed", f"{again:.2f} s"))
    touched = copy.root / TOUCHED
    touched.write_bytes(touched.read_bytes() + b"# bench\n")
    changed, _ = _timed(lambda: _bake(copy))
    rows.append(("inv bake, one rendered file changed, both disks", f"{changed:.0f} s"))
    rows.append(("peak memory of the cold bake, all processes", f"{peak:.0f} MiB"))
    rows += _fetching(copy)
    rows += _sizes(copy.home)
    log.table(("what", "measured"), rows, title=f"{os.cpu_count()} cores")


def _fetching(copy: Copy) -> list[tuple[str, str]]:
    """The cold bake with every package from the mirror, and with none."""
    copy.forget()
    online, _ = _timed(lambda: _bake(copy))
    copy.inv("pool", "--site", SITE)
    copy.forget("pool")
    offline, _ = _timed(lambda: copy.inv("bake", "--site", SITE, "--offline"))
    return [
        ("inv bake, both disks, every package from the mirror", f"{online:.0f} s"),
        ("inv bake --offline, both disks, every package from the pool", f"{offline:.0f} s"),
    ]


def _timed(work: Callable[[], object]) -> tuple[float, float]:
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


def _sizes(home: Path) -> list[tuple[str, str]]:
    disks = sorted((home / ".artifacts" / SITE).glob("*/disk.qcow2"))
    return [
        (f"qcow2 of {disk.parent.name}", f"{disk.stat().st_size / 1e6:.0f} MB") for disk in disks
    ]

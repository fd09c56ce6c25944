"""How long bakes take and how much memory they need, beside mmdebstrap on the same host.

Everything runs in a folder of its own below .cache/bench with the .deb files already there, so that
the network is not part of any number. mmdebstrap makes one tar of node1's package set; ours are two
bootable qcow2 disks.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from bench.memory import Peak
from golden import definition, log, run
from golden.definition.models import Layer
from golden.errors import UserError
from golden.packages.sources import lines, standins_lines
from golden.paths import CACHE, ROOT

SITE = "rehearsal"
KIND = "node1"
HOME = CACHE / "bench"
# The checkout is not changed, so all of it happens in a copy.
COPY = HOME / "checkout"
LEFT_OUT = (".venv", ".cache", ".artifacts", ".secrets", "__pycache__", ".*_cache", ".hypothesis")
# A file of layer site that no step of the bake reads: changing it stales just what it should.
TOUCHED = COPY / "images/roles/base/files.bookworm/etc/chrony/chrony.conf.j2"


def measure() -> None:
    """Run every measurement once, in one go, and print the README's table."""
    if not any((CACHE / "debs").glob("*.deb")):
        raise UserError("bench measures with a warm package cache: run ./inv bake once before")
    shutil.rmtree(HOME, ignore_errors=True)
    home = HOME / "home"
    _warm(home)
    shutil.copytree(ROOT, COPY, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    (COPY / ".venv").symlink_to(ROOT / ".venv")
    reference, _ = _timed(_mmdebstrap)
    rows = [("mmdebstrap, one tar of node1's packages", f"{reference:.0f} s")]
    cold, peak = _timed(lambda: _bake(home))
    rows.append(("inv bake, both disks, nothing baked before", f"{cold:.0f} s"))
    again, _ = _timed(lambda: _bake(home))
    rows.append(("inv bake again, nothing changed", f"{again:.2f} s"))
    TOUCHED.write_bytes(TOUCHED.read_bytes() + b"# bench\n")
    changed, _ = _timed(lambda: _bake(home))
    rows.append(("inv bake, one rendered file changed, both disks", f"{changed:.0f} s"))
    rows.append(("peak memory of the cold bake, all processes", f"{peak:.0f} MiB"))
    rows += _sizes(home)
    log.table(("what", "measured"), rows, title=f"{os.cpu_count()} cores")


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    began = time.monotonic()
    with Peak(os.getpid()) as peak:
        work()
    return time.monotonic() - began, peak.mib


def _warm(home: Path) -> None:
    debs = home / ".cache/debs"
    debs.mkdir(parents=True)
    for deb in (CACHE / "debs").glob("*.deb"):
        (debs / deb.name).hardlink_to(deb)


def _bake(home: Path) -> None:
    run.run(
        [COPY / "inv", "bake", "--site", SITE],
        env={"GOLDEN_HOME": str(home)},
        log=HOME / "bake.log",
        stage="bench",
    )


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
            *standins_lines(site.release, CACHE / "standins"),
        ],
        log=HOME / "mmdebstrap.log",
        stage="bench",
    )


def _sizes(home: Path) -> list[tuple[str, str]]:
    disks = sorted((home / ".artifacts" / SITE).glob("*/disk.qcow2"))
    return [
        (f"qcow2 of {disk.parent.name}", f"{disk.stat().st_size / 1e6:.0f} MB") for disk in disks
    ]

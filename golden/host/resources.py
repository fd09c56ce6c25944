"""Space on the disk and in memory."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from golden.errors import UserError
from golden.host import Finding, Host
from golden.paths import shown

GIB = 1024**3
# Measured on both kinds of the rehearsal: layers 3 GiB, two raw disks while they are converted
# 3 GiB, artifacts 1 GiB, package cache 1 GiB; a boot adds what the overlays and data disks take.
DISK_BAKE = 8 * GIB
MEMORY_BAKE_MIB = 1536
# QEMU's own need beside the guest's memory.
MEMORY_PER_GUEST_MIB = 150


def disk(host: Host) -> Finding:
    """Enough space for layers and artifacts where they are made."""
    free = host.free(host.home)
    shown = f"{free / GIB:.1f} GiB free in {host.home}"
    if free >= DISK_BAKE:
        return Finding("disk space", True, True, shown)
    detail = f"{shown}, a bake may take {DISK_BAKE / GIB:.0f} GiB"
    return Finding("disk space", False, True, detail, "GOLDEN_HOME=/on/a/larger/disk ./inv bake")


def must_have_room(folder: Path, need: int, what: str) -> None:
    """Raise UserError unless the disk of `folder` has `need` bytes left, which `what` needs."""
    free = shutil.disk_usage(folder).free
    if free < need:
        raise UserError(
            f"{shown(folder)}: {free >> 20} MiB are free, and {what} {(need >> 20) + 1} MiB: make "
            "room (./inv gc --dry-run shows what can go)"
        )


def memory(host: Host, guests_mib: int, guests: int) -> Finding:
    """Memory for a bake, and for the booted nodes: `guests_mib` MiB in `guests` machines."""
    found = re.search(r"MemAvailable:\s+(\d+) kB", host.text(Path("/proc/meminfo")))
    free = int(found.group(1)) // 1024 if found else 0
    boot = guests_mib + guests * MEMORY_PER_GUEST_MIB
    wanted = max(MEMORY_BAKE_MIB, boot)
    shown = f"{free} MiB available"
    if free >= wanted:
        return Finding("memory", True, True, shown)
    detail = f"{shown}; a bake takes {MEMORY_BAKE_MIB} MiB, the booted nodes {boot} MiB"
    fix = "fallocate -l 8G /swapfile && chmod 600 /swapfile && mkswap /swapfile && swapon /swapfile"
    return Finding("memory", False, free < MEMORY_BAKE_MIB, detail, fix)

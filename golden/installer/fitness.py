"""Predict whether a release's image boots on a machine: drivers, firmware, memory and disk.

`will_it_boot` prints the verdict; `judge` is its pure part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from golden import definition, log, manifest, paths
from golden.definition.fields import mib, mib_range, plain_serial, plain_wwn
from golden.definition.models import Node, Site
from golden.disk.layout import MIB
from golden.errors import UserError
from golden.installer import drivers, probe
from golden.installer.drivers import Drivers
from golden.installer.probe import Device, Disk, Probe
from golden.layers import Store

# Base class and, where only some of it matters, subclass (PCI Code and ID Assignment).
CLASSES = {"01": "storage", "02": "network"}
# What firmware and kernel keep of a machine's memory for themselves, at most.
KEPT = 0.12
# Images begin with a partition for the boot loader and end with the seed (golden.metal.manifest).
BESIDE_MIB = 5


@dataclass(frozen=True)
class Row:
    """One aspect of the machine; `ok` is None when it does not affect the verdict."""

    what: str
    found: str
    ok: bool | None


def will_it_boot(path: Path, site: str, nodes: Sequence[str] = ()) -> bool:
    """Print how well the machine of the probe `path` fits the image of `site`; return the verdict.

    Without `nodes` the machine is judged as the node that has one of its MAC addresses; if there is
    none, it must fit every node.
    Raises UserError when the file is no probe, or the site's kernel has not been baked.
    """
    found, loaded = probe.read(path), definition.load(site)
    chosen = [loaded.node(name) for name in nodes] or _by_mac(loaded, found)
    known = drivers.read(modules(loaded))
    rows = judge(found, known, chosen)
    table = [(row.what, row.found, _word(row.ok)) for row in rows]
    name = found.machine or path.name
    log.table(["what", "found", "fits"], table, title=f"{name} and {site}, kernel {known.kernel}")
    return fits(rows)


def fits(rows: Iterable[Row]) -> bool:
    """Whether every aspect that affects the verdict is fine."""
    return all(row.ok is not False for row in rows)


def judge(found: Probe, known: Drivers, nodes: Sequence[Node]) -> list[Row]:
    """Judge a machine that is to become one of `nodes`, aspect by aspect."""
    rows = [_firmware(found)]
    for number, name in CLASSES.items():
        rows += _devices(found.devices, known, number, name)
    rows += [row for node in nodes for row in (_memory(found, node), _disk(found, node))]
    return rows


def modules(site: Site) -> Path:
    """The folder of the baked kernel's modules. Raises UserError if nothing has been baked."""
    for kind in site.kinds:
        for layer in (manifest.read(site.name, kind.name) or {"layers": []})["layers"]:
            tree: Path = Store(paths.CACHE).folder / layer["key"] / "tree"
            found = sorted(tree.glob("lib/modules/*/modules.alias"))
            if found:
                return found[-1].parent
    raise UserError(
        f"site {site.name}: its kernel is not baked here; bake it with: "
        f"./inv bake --site {site.name}"
    )


def _by_mac(site: Site, found: Probe) -> list[Node]:
    return [node for node in site.nodes if node.mac.lower() in found.macs] or list(site.nodes)


def _firmware(found: Probe) -> Row:
    if found.firmware == "bios":
        return Row("firmware", "BIOS", True)
    advice = "images start by BIOS: switch its firmware to legacy (CSM), if it has that"
    return Row("firmware", f"UEFI; {advice}", False)


def _devices(devices: Sequence[Device], known: Drivers, number: str, name: str) -> list[Row]:
    """One row per device of a class; one device with a driver is enough, the others only inform."""
    mine = [one for one in devices if re.search(rf"bc{number}sc", one.modalias)]
    driven = {one.slot: known.modules(one.modalias) for one in mine}
    some = any(driven.values())
    rows = [
        Row(
            f"{name} {one.slot}",
            f"{ids(one.modalias)}: {', '.join(driven[one.slot]) or 'no driver'}",
            True if driven[one.slot] else (None if some else False),
        )
        for one in mine
    ]
    return rows or [Row(name, "the machine has no such PCI device", False)]


def ids(modalias: str) -> str:
    """Vendor and device IDs as lspci prints them."""
    found = re.match(r"^pci:v0000(.{4})d0000(.{4})", modalias)
    return f"{found[1]}:{found[2]}".lower() if found else modalias


def _memory(found: Probe, node: Node) -> Row:
    has, wanted = found.memory // 1024, node.kind.memory_mib
    return Row(f"memory for {node.name}", f"{has} MiB of {wanted}", has >= wanted * (1 - KEPT))


def _disk(found: Probe, node: Node) -> Row:
    state = mib(node.disk.state) if node.disk and node.disk.state else 0
    least = (node.kind.image_size_mib + BESIDE_MIB + state) * MIB
    meant = [one for one in found.disks if _is_meant(one, node)]
    what = f"disk for {node.name}"
    if len(meant) != 1 and node.disk:
        have = "; ".join(f"{one.name} {one.size // MIB} MiB {one.serial}" for one in found.disks)
        how = "none is" if not meant else f"{len(meant)} are"
        return Row(what, f"{how} the one of the site's file; here: {have or 'none'}", False)
    big = [one for one in meant if one.size >= least]
    if not big:
        return Row(what, f"none has the {least // MIB} MiB of image, seed and state", False)
    return Row(what, ", ".join(f"{one.name} {one.size // MIB} MiB" for one in big), True)


def _is_meant(disk: Disk, node: Node) -> bool:
    """Whether this is the node's disk by the site's file, which may leave it open."""
    rule = node.disk
    if rule is None:
        return True
    if rule.size:
        least, most = mib_range(rule.size)
        return least * MIB <= disk.size and (not most or disk.size <= most * MIB)
    if rule.serial:
        return plain_serial(disk.serial) == plain_serial(rule.serial)
    return plain_wwn(disk.wwn) == plain_wwn(rule.wwn or "") != ""


def _word(ok: bool | None) -> str:
    return {True: "yes", False: "NO", None: "not used"}[ok]

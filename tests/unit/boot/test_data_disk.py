"""The data disk of a virtual machine: blank, or with one empty partition."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from golden import run
from golden.boot import data_disk
from golden.boot.libvirt import disks
from golden.boot.metal import rehearsal
from golden.definition.models import Site, VolumeGroup
from golden.rundir import NodeDir
from tests.unit.small_site import small_site

pytestmark = pytest.mark.skipif(not run.which("qemu-img"), reason="needs qemu-utils")


def site_with(device: str) -> Site:
    return dataclasses.replace(small_site(), volume_group=VolumeGroup(name="g", device=device))


def made(tmp_path: Path, device: str) -> Path:
    site, disk = site_with(device), tmp_path / "data.qcow2"
    data_disk.check(site)
    data_disk.make(site, site.nodes[0], disk)
    assert [path.name for path in tmp_path.iterdir()] == ["data.qcow2"]
    assert disk.stat().st_size < 2**20, "it takes up space as it is written to"
    return as_raw(disk)


def as_raw(disk: Path) -> Path:
    raw = disk.with_name("raw")
    run.run(["qemu-img", "convert", "-O", "raw", str(disk), str(raw)])
    return raw


def test_a_site_with_a_partition_gets_an_empty_one(tmp_path: Path) -> None:
    raw = made(tmp_path, "/dev/vdb1")
    assert b"type=83" in run.run(["sfdisk", "--dump", str(raw)]).out.encode()
    # What first boot is told of it (blkid's code 0 without TYPE and PTTYPE): nothing is in it.
    with raw.open("rb") as disk:
        disk.seek(2**20)
        assert not any(disk.read(2**20))


def test_a_site_with_a_disk_gets_a_blank_one(tmp_path: Path) -> None:
    with made(tmp_path, "/dev/vdb").open("rb") as disk:
        assert not any(disk.read(2**20))


class Pool:
    """A libvirt's storage pool, which has what is called `had`: what was uploaded is at `kept`."""

    kept: Path
    had: tuple[str, ...] = ()

    def __init__(self, *_: object) -> None:
        pass

    def is_filled(self, *_: object) -> bool:
        return True

    def remove(self, *_: object, **__: object) -> None:
        pass

    create = create_over = remove

    def has(self, volume: str) -> bool:
        return volume.endswith(self.had) if self.had else False

    def fill(self, volume: str, source: Path, _: object) -> None:
        if volume.endswith("data"):
            shutil.copy(source, self.kept)


def libvirt(site: Site, kept: Path, patch: pytest.MonkeyPatch) -> None:
    Pool.kept = kept
    patch.setattr(disks, "Pool", Pool)
    patch.setattr(disks, "artifact", lambda *_: kept)
    patch.setattr(disks, "base", lambda *_: "base")
    patch.setattr(disks.volumes, "virtual_size", lambda _: 1)
    patch.setattr(disks.seed, "write", lambda *_: Path(__file__))
    disks.make(None, site, site.nodes[0])  # type: ignore[arg-type]


def metal(site: Site, kept: Path, patch: pytest.MonkeyPatch) -> None:
    for name in ("replace", "argv"):
        patch.setattr(rehearsal, name, lambda *_, **__: [])
    for name in ("start", "settled", "remember"):
        patch.setattr(rehearsal.daemon, name, lambda *_, **__: None)
    rehearsal.switch_on(site, site.nodes[0], None)  # type: ignore[arg-type]
    shutil.copy(NodeDir(site.name, site.nodes[0].name).data, kept)


@pytest.mark.parametrize("target", [libvirt, metal])
def test_machines_of_every_target_have_the_partition(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: Callable[[Site, Path, pytest.MonkeyPatch], None],
) -> None:
    site, kept = site_with("/dev/vdb1"), tmp_path / "kept.qcow2"
    monkeypatch.setattr("golden.rundir.CACHE", tmp_path)
    NodeDir(site.name, site.nodes[0].name).path.mkdir(parents=True)
    target(site, kept, monkeypatch)
    assert "type=83" in run.run(["sfdisk", "--dump", str(as_raw(kept))]).out


@pytest.mark.parametrize(
    ("had", "makes"),
    [((), True), ((".data",), True), ((".state",), True), ((".data", ".state"), False)],
)
def test_libvirt_keeps_the_data_disk_with_the_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, had: tuple[str, ...], makes: bool
) -> None:
    site, kept = site_with("/dev/vdb"), tmp_path / "kept.qcow2"
    monkeypatch.setattr("golden.rundir.CACHE", tmp_path)
    monkeypatch.setattr(Pool, "had", had)
    NodeDir(site.name, site.nodes[0].name).path.mkdir(parents=True)
    libvirt(site, kept, monkeypatch)
    assert kept.exists() == makes

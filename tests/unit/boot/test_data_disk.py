"""The data disk of a virtual machine: blank, or with one empty partition."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from golden import run
from golden.boot import data_disk
from golden.definition.models import VolumeGroup
from tests.unit.small_site import small_site

pytestmark = pytest.mark.skipif(not run.which("qemu-img"), reason="needs qemu-utils")


def made(tmp_path: Path, device: str) -> Path:
    site = dataclasses.replace(small_site(), volume_group=VolumeGroup(name="g", device=device))
    disk = tmp_path / "data.qcow2"
    data_disk.check(site)
    data_disk.make(site, site.nodes[0], disk)
    assert [path.name for path in tmp_path.iterdir()] == ["data.qcow2"]
    assert disk.stat().st_size < 2**20, "it takes up space as it is written to"
    raw = tmp_path / "raw"
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

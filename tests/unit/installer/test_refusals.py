"""Every reason for which the installer leaves a disk as it is."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from golden import run
from golden.definition.files import Disk
from tests.unit.installer.machine import MIB, SITE, Machine, Outcome, digest, lvm_label
from tests.unit.installer.members import raid_member, zfs_member

RULE = Disk(serial="S1")


def refused(machine: Machine, *words: str) -> Outcome:
    """Run the installer, and see that it refuses with these words and writes to no disk."""
    disks = sorted((machine.root / "dev").glob("[sv]d*"))
    before = [digest(disk.read_bytes()) for disk in disks]
    done = machine.install()
    assert (done.code, done.last["state"]) == (2, "refused"), done.out
    for word in words:
        assert word in done.last["detail"]
    assert machine.writes() == 0
    assert [digest(disk.read_bytes()) for disk in disks] == before
    return done


@pytest.fixture
def disk(machine: Machine) -> Path:
    """The disk that the bundle on the stick means: empty and large enough."""
    machine.bundle(RULE)
    return machine.disk("vda", 100, "S1")


def part(machine: Machine, number: int, content: bytes) -> None:
    """A partition of vda as the kernel and blkid see it."""
    (machine.root / f"sys/block/vda/vda{number}/holders").mkdir(parents=True)
    (machine.root / f"dev/vda{number}").write_bytes(content)


def made(tmp_path: Path, *argv: str) -> bytes:
    """What a program such as mkfs writes to a file."""
    path = tmp_path / "made"
    path.write_bytes(bytes(8 * MIB))
    run.run([*argv, path])
    return path.read_bytes()


def test_no_such_disk(machine: Machine) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 100, "S2")
    refused(machine, "a disk of serial S1 is not here", "vda: 100 MiB, serial S2, holds nothing")


def test_no_disk_at_all(machine: Machine) -> None:
    machine.bundle(RULE)
    refused(machine, "there is no disk at all")


def test_a_serial_is_not_a_part_of_another(machine: Machine) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 100, "S12")
    refused(machine, "serial S1 is not here")


def test_two_disks_of_the_size(machine: Machine) -> None:
    machine.bundle(Disk(size="50M.."))
    machine.disk("vda", 100, "S1")
    machine.disk("vdb", 200, "S2")
    refused(machine, "ambiguous, it fits vda vdb", "choose by serial or wwn", "serial S2")


def test_a_disk_outside_the_range(machine: Machine) -> None:
    machine.bundle(Disk(size="50M..99M"))
    machine.disk("vda", 100, "S1")
    refused(machine, "is not here")


def test_a_disk_that_is_too_small(machine: Machine) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 39, "S1")
    refused(machine, "vda is too small: it has 39 MiB, 40 MiB are needed")


def test_a_disk_too_small_for_the_root_of_the_site(machine: Machine) -> None:
    machine.bundle(Disk(serial="S1", root="96M"))
    machine.disk("vda", 100, "S1")
    refused(machine, "100 MiB, 101 MiB are needed")


def test_a_root_smaller_than_the_image(machine: Machine) -> None:
    machine.bundle(Disk(serial="S1", root="34M"))
    machine.disk("vda", 100, "S1")
    refused(machine, "a root partition of 34 MiB, and the image has 36 MiB")


def test_a_write_protected_disk(machine: Machine, disk: Path) -> None:
    machine.write("sys/block/vda/ro", "1")
    refused(machine, "vda is write-protected")


@pytest.mark.parametrize("force", ["", "golden.force=S1"])
def test_a_mounted_disk_whatever_is_forced(machine: Machine, disk: Path, force: str) -> None:
    part(machine, 1, b"")
    machine.words("golden.source=stick", force)
    machine.write("proc/mounts", "/dev/vda1 /mnt ext4 rw 0 0")
    refused(machine, "vda is in use: vda1 is mounted")


def test_a_mounted_disk_of_a_driver_with_a_folder_of_its_own(machine: Machine) -> None:
    machine.bundle(RULE)
    machine.disk("cciss!c0d0", 100, "S1")
    (machine.root / "sys/block/cciss!c0d0/cciss!c0d0p1").mkdir()
    machine.write("proc/mounts", "/dev/cciss/c0d0p1 /mnt ext4 rw 0 0")
    refused(machine, "cciss!c0d0 is in use: cciss!c0d0p1 is mounted")


def test_a_disk_with_swap(machine: Machine, disk: Path) -> None:
    machine.write("proc/swaps", "/dev/vda partition 1000 0 -2")
    refused(machine, "vda is in use")


@pytest.mark.parametrize("place", ["holders/dm-0", "vda1/holders/md0"])
def test_a_disk_that_something_is_made_of(machine: Machine, disk: Path, place: str) -> None:
    part(machine, 1, b"")
    machine.words("golden.source=stick", "golden.force=S1")
    (machine.root / "sys/block/vda" / place).mkdir()
    refused(machine, "vda is in use", "is made of vda")


def test_a_physical_volume(machine: Machine, tmp_path: Path) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 100, "S1", lvm_label())
    refused(machine, "part of LVM, RAID, ZFS or the like (vda LVM2_member)", "golden.force=S1")


@pytest.mark.parametrize(
    ("content", "kind"),
    [(raid_member(), "linux_raid_member"), (zfs_member(), "zfs_member")],
    ids=["RAID", "ZFS"],
)
def test_a_member_of_something_bigger(machine: Machine, content: bytes, kind: str) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 100, "S1", content)
    refused(machine, f"part of LVM, RAID, ZFS or the like (vda {kind})", "golden.force=S1")


def test_sectors_that_no_bios_starts_from(machine: Machine, disk: Path) -> None:
    machine.write("sys/block/vda/queue/logical_block_size", "4096")
    machine.words("golden.source=stick", "golden.force=S1")
    refused(machine, "vda has sectors of 4096 bytes", "name another disk")


def test_a_physical_volume_in_a_partition(machine: Machine, disk: Path, tmp_path: Path) -> None:
    part(machine, 3, lvm_label())
    refused(machine, "(vda3 LVM2_member)")


def test_a_volume_group_behind_an_image_of_ours(machine: Machine, tmp_path: Path) -> None:
    machine.bundle(Disk(serial="S1", root="64M"))
    machine.disk("vda", 100, "S1")
    assert machine.install().code == 0
    part(machine, 3, lvm_label())
    machine.words("golden.source=stick", "golden.reinstall=yes")
    refused(machine, "(vda3 LVM2_member)", "golden.force=S1")


def test_a_file_system_on_the_whole_disk(machine: Machine, tmp_path: Path) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 100, "S1", made(tmp_path, "mke2fs", "-q", "-F"))
    refused(machine, "vda is not empty, it holds vda ext2", "golden.force=S1")


def test_a_foreign_partition_table(machine: Machine, tmp_path: Path) -> None:
    machine.bundle(RULE)
    path = machine.disk("vda", 100)
    run.run(["sfdisk", "-q", "--no-reread", "--no-tell-kernel", path], stdin="label: gpt\n,10M\n")
    machine.write("sys/block/vda/serial", "S1")
    refused(machine, "vda is not empty, it holds vda gpt")


def test_something_unknown_at_the_beginning(machine: Machine) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 100, "S1", bytes(MIB - 1) + b"\1")
    refused(machine, "something unknown at its beginning", "golden.force=S1")


def test_another_system_where_an_image_of_ours_was(machine: Machine, tmp_path: Path) -> None:
    machine.bundle(RULE)
    path = machine.disk("vda", 100, "S1")
    assert machine.install().code == 0
    other = made(tmp_path, "mke2fs", "-q", "-F", "-t", "ext4")
    with path.open("r+b") as file:
        file.seek(MIB)
        file.write(other)
    part(machine, 1, other)
    machine.words("golden.source=stick", "golden.reinstall=yes")
    refused(machine, "held an image of ours, and now another root file system")


def test_the_finished_image_of_another_node(machine: Machine) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 100, "S1")
    assert machine.install().code == 0
    machine.bundle(RULE, node=1)
    machine.words("golden.source=stick", "golden.node=n2")
    refused(machine, "the finished image of n1 of the site small", "golden.reinstall=yes")


def test_force_names_another_disk(machine: Machine) -> None:
    machine.bundle(RULE)
    machine.words("golden.source=stick", "golden.force=S2,S11,vdb")
    machine.disk("vda", 100, "S1", b"\1" * MIB)
    refused(machine, "is not empty")


def test_a_manifest_that_was_changed(machine: Machine, disk: Path) -> None:
    manifest = machine.stick / "manifest"
    manifest.write_text(manifest.read_text().replace("serial S1", "serial S2"))
    done = refused(machine, "the manifest's signature does not fit")
    assert done.last["step"] == "manifest"


def test_a_manifest_of_another_form(machine: Machine, disk: Path) -> None:
    machine.sign((machine.stick / "manifest").read_text().replace("installer 2", "installer 3"))
    refused(machine, "another form")


@pytest.mark.parametrize("number", [0, 2])
def test_a_piece_that_was_changed(machine: Machine, disk: Path, number: int) -> None:
    piece = machine.stick / "master" / f"{number:05d}.gz"
    piece.write_bytes(gzip.compress(bytes(MIB)))
    done = refused(machine, f"master/{number:05d}.gz is not what the manifest names")
    assert done.last["step"] == "image"


def test_another_nodes_seed(machine: Machine, disk: Path) -> None:
    (machine.stick / "seed/n1").write_bytes(b"the seed of n2")
    refused(machine, "the seed of n1 is not the one that the manifest names")


def test_a_machine_that_is_no_node(machine: Machine, disk: Path) -> None:
    machine.write("sys/class/net/eth0/address", "02:00:00:00:00:99")
    refused(machine, "no node of the site small has a MAC address of this machine", ":99")


def test_a_node_that_is_not_of_the_site(machine: Machine, disk: Path) -> None:
    machine.words("golden.source=stick", "golden.node=n9")
    refused(machine, "the manifest has no node 'n9'; it has: n1")


def test_a_bundle_of_another_site(machine: Machine, disk: Path) -> None:
    machine.words("golden.source=stick", "golden.site=other")
    refused(machine, f"this is the site {SITE.name}")


def test_no_source(machine: Machine, disk: Path) -> None:
    machine.words()
    refused(machine, "golden.source", "stick or a URL")


def test_a_missing_piece_is_a_failure_that_starts_over(machine: Machine, disk: Path) -> None:
    (machine.stick / "master/00002.gz").unlink()
    done = machine.install()
    assert (done.code, done.last["state"]) == (1, "failed")
    assert "master/00002.gz cannot be had" in done.last["detail"]
    assert machine.writes() == 0

"""What the installer does to a disk that it may write."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from golden import run
from golden.definition.files import Disk
from golden.installer.initramfs import SOURCE
from tests.unit.installer.machine import MIB, SITE, Machine, boots, holds

RULE = Disk(serial="S1")


def table(disk: Path) -> list[tuple[int, int, int, int]]:
    """Active, type, first sector and sectors of each partition."""
    raw = disk.open("rb").read(512)[446:510]
    entries = [struct.unpack("<BxxxBxxxII", raw[at : at + 16]) for at in range(0, 64, 16)]
    return [entry for entry in entries if entry[3]]


def test_an_empty_disk_is_written_and_boots(machine: Machine) -> None:
    image = machine.bundle(RULE)
    disk = machine.disk("vda", 100, "S1")
    done = machine.install()
    assert done.code == 0, done.out
    assert boots(disk)
    assert holds(disk, image)
    assert table(disk) == [
        (0x80, 0x83, 2048, 95 * 2048),
        (0x00, 0xDA, 96 * 2048, 4 * 2048),
    ]
    content = disk.read_bytes()
    assert content[96 * MIB :].rstrip(b"\0") == b"the seed of n1"
    assert len(content) == 100 * MIB


def test_every_step_is_reported_with_the_words_of_first_boot(machine: Machine) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 100, "S1")
    events = machine.install().events
    assert [event["step"] for event in events if event["detail"] == ""] == [
        *("source", "manifest", "disk", "seed", "image", "boot", "installed")
    ]
    assert {event["node"] for event in events[2:]} == {"n1"}
    assert events[-1] | {"seconds": 0} == {
        "node": "n1",
        "step": "installed",
        "n": 7,
        "of": 7,
        "state": "done",
        "detail": "n1 is on vda",
        "seconds": 0,
        "uptime": 12.5,
    }


def test_a_host_reads_the_partition_table(machine: Machine) -> None:
    machine.bundle(Disk(serial="S1", root="64M"))
    disk = machine.disk("vda", 100, "S1")
    assert machine.install().code == 0
    told = run.run(["sfdisk", "--dump", disk]).out
    rows = [line.partition(": ")[2] for line in told.splitlines() if ": start=" in line]
    assert [" ".join(row.split()) for row in rows] == [
        "start= 2048, size= 131072, type=83, bootable",
        "start= 133120, size= 8192, type=da",
        "start= 141312, size= 63488, type=8e",
    ]


def test_what_lay_behind_the_root_partition_cannot_be_taken_for_a_volume(machine: Machine) -> None:
    machine.bundle(Disk(serial="S1", root="64M"))
    machine.words("golden.source=stick", "golden.force=S2,S1")
    disk = machine.disk("vda", 100, "S1", b"\1" * (100 * MIB))
    assert machine.install().code == 0
    content = disk.read_bytes()
    assert content[65 * MIB : 70 * MIB].strip(b"\0") == b"the seed of n1"
    assert content[99 * MIB :] == bytes(MIB)


def test_zeros_of_the_image_are_zeros_on_the_disk(machine: Machine) -> None:
    image = machine.bundle(RULE)
    machine.words("golden.source=stick", "golden.force=vda")
    disk = machine.disk("vda", 100, "S1", b"\1" * (40 * MIB))
    assert machine.install().code == 0
    assert holds(disk, image)


def test_the_disk_is_found_by_world_wide_name_whatever_its_prefix(machine: Machine) -> None:
    machine.bundle(Disk(wwn="naa.5000c500a1b2c3d4"))
    disk = machine.disk("sda", 100)
    machine.disk("sdb", 100)
    machine.write("udev/sda", "ID_WWN=0x5000c500a1b2c3d4")
    machine.write("udev/sdb", "ID_WWN=0x5000c500a1b2c3d5")
    assert machine.install().code == 0
    assert boots(disk)


def test_the_disk_is_found_by_the_kernels_own_serial(machine: Machine) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 100)
    machine.write("sys/block/vda/serial", "S1")
    assert machine.install().code == 0


SPELLINGS = ["S3Z8 NB0K 1234", "S3Z8NB0K1234", "S3Z8_NB0K_1234"]


@pytest.mark.parametrize("meant", SPELLINGS)
@pytest.mark.parametrize("known", SPELLINGS)
def test_a_serial_number_has_one_form(machine: Machine, meant: str, known: str) -> None:
    machine.bundle(Disk(serial=meant))
    machine.disk("vda", 100, serial=known)
    assert machine.install().code == 0


def test_the_disk_is_found_by_size_and_the_stick_is_not_taken_for_it(machine: Machine) -> None:
    machine.bundle(Disk(size="90M..110M"))
    small, disk, large = (machine.disk(f"vd{mib}", mib) for mib in (80, 100, 120))
    stick = machine.disk("sdz", 100)
    (machine.root / "sys/block/sdz/sdz1").mkdir()
    assert machine.install().code == 0
    assert boots(disk)
    assert not any(boots(other) for other in (small, large, stick))


def test_a_disk_of_a_driver_with_a_folder_of_its_own(machine: Machine) -> None:
    image = machine.bundle(Disk(serial="P400"))
    disk = machine.disk("cciss!c0d0", 48, "P400")
    outcome = machine.install()
    assert (outcome.code, outcome.last["detail"]) == (0, "n1 is on cciss!c0d0")
    assert disk == machine.root / "dev/cciss/c0d0"
    assert holds(disk, image)


def test_a_hidden_way_to_the_disk_is_no_second_disk(machine: Machine) -> None:
    machine.bundle(RULE)
    disk = machine.disk("nvme0n1", 100)
    for name in ("nvme0n1", "nvme0c0n1"):
        machine.write(f"sys/block/{name}/size", str(100 * 2048))
        machine.write(f"sys/block/{name}/device/serial", "S1")
    machine.write("sys/block/nvme0c0n1/hidden", "1")
    machine.write("sys/block/nvme0n1/hidden", "0")
    done = machine.install()
    assert done.code == 0, done.out
    assert boots(disk)


def test_the_node_is_named_on_the_command_line_before_any_mac(machine: Machine) -> None:
    machine.bundle(RULE, node=1)
    machine.words("golden.source=stick", "golden.node=n2", f"golden.site={SITE.name}")
    machine.disk("vda", 100, "S1")
    assert machine.install().last["node"] == "n2"


def test_an_installed_disk_is_left_alone_until_it_is_asked_for(machine: Machine) -> None:
    machine.bundle(RULE)
    disk = machine.disk("vda", 100, "S1")
    assert machine.install().code == 0
    before = disk.read_bytes()
    again = machine.install()
    assert again.code == 3
    assert (again.last["step"], again.last["state"]) == ("installed", "done")
    assert "already" in again.last["detail"]
    assert machine.writes() == 0
    machine.words("golden.source=stick", "golden.reinstall=yes")
    assert machine.install().code == 0
    assert machine.writes() > 10
    assert disk.read_bytes() == before


def test_a_disk_that_does_not_keep_what_it_is_given_is_not_made_bootable(machine: Machine) -> None:
    machine.bundle(RULE)
    disk = machine.disk("vda", 100, "S1")
    # Every write behind 32 MiB is lost, as on a stick that is smaller than it says.
    fake = (machine.root / "fakes/dd").read_text()
    lost = 'case "$*" in *of=*seek=32*) exit 0 ;; esac\n'
    (machine.root / "fakes/dd").write_text(fake.replace("\n", f"\n{lost}", 1))
    done = machine.install()
    assert (done.code, done.last["state"]) == (1, "failed")
    assert "piece 2, read back from vda, is not what was written" in done.last["detail"]
    assert not boots(disk)


def test_without_power_at_any_write_no_disk_boots_half_an_image(one_machine: Machine) -> None:
    machine = one_machine
    image = machine.bundle(Disk(serial="S1", root="64M"))
    disk = machine.disk("vda", 80, "S1")
    assert machine.install().code == 0
    whole, writes = disk.read_bytes(), machine.writes()
    assert writes > 10
    for number in range(1, writes + 1):
        # Every other time over an image of ours, which is not to be left half overwritten either.
        disk.write_bytes(bytes(80 * MIB) if number % 2 else whole)
        machine.words("golden.source=stick", "golden.reinstall=yes")
        assert machine.install(fail_at=number).code == -9
        assert not boots(disk) or holds(disk, image), number
        machine.words("golden.source=stick")
        assert machine.install().code in (0, 3), number
        assert disk.read_bytes() == whole, number


def test_the_scripts_are_what_shellcheck_likes_read_together() -> None:
    parts = sorted(SOURCE.glob("*.sh"))
    assert len(parts) == 9
    result = run.run(["shellcheck", *parts], cwd=SOURCE, check=False)
    assert result.code == 0, result.out

"""The partition of state: made once, and kept by every install of the same node."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from golden import run
from golden.definition.files import Disk
from tests.unit.installer.conftest import SHELLS
from tests.unit.installer.machine import MIB, Machine, holds, lvm_label, picture
from tests.unit.installer.test_install import table
from tests.unit.installer.test_refusals import part, refused

RULE = Disk(serial="S1", root="64M", state="16M")
DISK_MIB = 120
# Behind system and seed: partition 3 and, before the last MiB of the disk, 4.
REST, STATE, END = 69 * MIB, 103 * MIB, 119 * MIB
AGAIN = ("golden.source=stick", "golden.reinstall=yes")


def file_system(folder: Path, instance: str) -> bytes:
    """A file system as the node makes it, with a mark (none for an empty `instance`)."""
    tree, out = folder / "tree", folder / "file-system"
    tree.mkdir(exist_ok=True)
    (tree / "rows").write_text("of a year")
    mark = tree / "golden-state.json"
    mark.unlink(missing_ok=True)
    if instance:
        mark.write_text(json.dumps({"accounts": {"user root": 0}, "instance": instance}, indent=1))
    out.write_bytes(bytes(16 * MIB))
    run.run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", "golden-state", "-d", tree, out])
    return out.read_bytes()


def filled(machine: Machine, disk: Path, instance: str = "small-n1-0a") -> bytes:
    """Write what a node has by now into both partitions, and show them as the kernel does; returns
    the bytes from the third on."""
    state = file_system(machine.root, instance)
    with disk.open("r+b") as file:
        file.seek(REST)
        file.write(lvm_label())
        file.seek(STATE)
        file.write(state)
    for number, content in ((3, lvm_label()), (4, state)):
        part(machine, number, content)
    machine.write("sys/block/vda/vda4/start", str(STATE // 512))
    return kept(disk)


def kept(disk: Path) -> bytes:
    return disk.read_bytes()[REST:END]


@pytest.fixture(params=["dash"])
def machine(request: pytest.FixtureRequest, memory: Path) -> Machine:
    """A machine with a stick and no disk."""
    return Machine(memory / "root", SHELLS[request.param])


@pytest.fixture
def installed(machine: Machine) -> Path:
    """The disk of a node that has been installed."""
    machine.bundle(RULE)
    disk = machine.disk("vda", DISK_MIB, "S1")
    assert machine.install().code == 0
    return disk


def test_a_first_install_leaves_an_empty_partition_at_the_end(machine: Machine) -> None:
    machine.bundle(RULE)
    machine.words("golden.source=stick", "golden.force=S1")
    disk = machine.disk("vda", DISK_MIB, "S1", b"\1" * (DISK_MIB * MIB))
    assert machine.install().code == 0
    assert [(kind, start * 512, count * 512) for _, kind, start, count in table(disk)[2:]] == [
        (0x8E, REST, STATE - REST),
        (0x83, STATE, END - STATE),
    ]
    content = disk.read_bytes()
    assert not any(content[STATE : STATE + MIB]) and not any(content[END:])


def test_without_a_size_the_root_takes_what_the_state_leaves(machine: Machine) -> None:
    machine.bundle(Disk(serial="S1", state="16M"))
    disk = machine.disk("vda", DISK_MIB, "S1")
    assert machine.install().code == 0
    rows = run.run(["sfdisk", "--dump", disk]).out.splitlines()
    rows = [" ".join(row.partition("start=")[2].split()) for row in rows if "start=" in row]
    assert [row for row in rows if "size= 0" not in row] == [
        "2048, size= 200704, type=83, bootable",
        "202752, size= 8192, type=da",
        f"{STATE // 512}, size= 32768, type=83",
    ]


@pytest.mark.parametrize("machine", SHELLS, indirect=True)
def test_a_new_install_keeps_the_state_and_the_machines_disks(
    machine: Machine, installed: Path
) -> None:
    before = filled(machine, installed)
    newer = bytearray(picture())
    newer[34 * MIB : 35 * MIB] = b"2" * MIB
    machine.bundle(RULE, bytes(newer))
    (machine.root / "sys/block/vda/vda3/holders/dm-0").mkdir()
    machine.words(*AGAIN)
    done = machine.install()
    assert done.code == 0, done.out
    assert "the state of small-n1-0a stays" in [event["detail"] for event in done.events]
    assert holds(installed, bytes(newer)) and kept(installed) == before


def test_force_does_not_mean_the_state(machine: Machine, installed: Path) -> None:
    before = filled(machine, installed)
    machine.words(*AGAIN, "golden.force=S1")
    assert machine.install().code == 0 and kept(installed) == before


@pytest.mark.parametrize(
    ("instance", "force"),
    [("small-n2-0a", ""), ("other-n1-0a", "S1"), ("small-n1-0b", "S1"), ("", "S1")],
)
def test_the_state_of_another_node(
    machine: Machine, installed: Path, instance: str, force: str
) -> None:
    filled(machine, installed, instance)
    machine.words(*AGAIN, f"golden.force={force}")
    whose = instance or "nobody that it names"
    said = f"vda has the state of {whose}, and this is small-n1-0a; if it is not needed, add"
    refused(machine, said, "golden.wipe=S1")


@pytest.mark.parametrize("rule", [Disk(serial="S1", root="72M", state="16M"), Disk(serial="S1")])
def test_a_site_that_lays_the_disk_out_otherwise(
    machine: Machine, installed: Path, rule: Disk
) -> None:
    filled(machine, installed)
    machine.bundle(rule)
    machine.words(*AGAIN)
    refused(machine, "vda has 16 MiB of state from MiB 103 on", "former sizes", "golden.wipe=S1")


def test_the_state_is_thrown_away_on_purpose(machine: Machine, installed: Path) -> None:
    filled(machine, installed, "other-n1-0a")
    part(machine, 2, b"")
    (machine.root / "dev/vda3").write_bytes(b"")
    machine.words(*AGAIN, "golden.wipe=S2")
    refused(machine, "the state of other-n1-0a")
    machine.words("golden.source=stick", "golden.wipe=S1")
    refused(machine, "the finished image of n1 of the site small", "golden.reinstall=yes")
    machine.words(*AGAIN, "golden.wipe=S2,S1")
    assert machine.install().code == 0
    assert not any(kept(installed)[STATE - REST :][:MIB])


def test_state_of_which_our_record_is_lost(machine: Machine, installed: Path) -> None:
    filled(machine, installed)
    with installed.open("r+b") as file:
        file.seek(2047 * 512)
        file.write(bytes(512))
    machine.words(*AGAIN, "golden.force=S1")
    refused(machine, "vda4 is a partition of state, and nothing on vda says", "golden.wipe=S1")
    machine.words(*AGAIN, "golden.force=S1", "golden.wipe=S1")
    assert machine.install().code == 0


def test_a_whole_disk_of_state(machine: Machine) -> None:
    machine.bundle(RULE)
    disk = machine.disk("vda", DISK_MIB, "S1", file_system(machine.root, "small-n1-0a"))
    machine.words("golden.source=stick", "golden.force=S1")
    refused(machine, "vda is a partition of state")
    assert disk.stat().st_size == DISK_MIB * MIB


def test_something_else_in_the_place_of_the_state(machine: Machine, installed: Path) -> None:
    filled(machine, installed)
    with installed.open("r+b") as file:
        file.seek(STATE + 1024 + 0x78)
        file.write(b"mine".ljust(16, b"\0"))
    (machine.root / "dev/vda4").write_bytes(installed.read_bytes()[STATE:END])
    (machine.root / "dev/vda3").write_bytes(b"")
    machine.words(*AGAIN)
    refused(machine, "vda held an image of ours, and now vda4 ext4", "golden.force=S1")


def test_a_disk_without_room_for_the_state(machine: Machine) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 85, "S1")
    refused(machine, "vda is too small: it has 85 MiB, 86 MiB are needed")


def test_a_power_cut_at_any_write_leaves_the_state(machine: Machine) -> None:
    image = machine.bundle(RULE)
    disk = machine.disk("vda", DISK_MIB, "S1")
    assert machine.install().code == 0
    before = filled(machine, disk)
    for number in (3, 4):
        # Without the table the kernel shows neither.
        (machine.root / f"sys/block/vda/vda{number}").rename(machine.root / f"vda{number}")
    whole = disk.read_bytes()
    machine.words(*AGAIN)
    assert machine.install().code == 0
    writes = machine.writes()
    # The mark and what it makes of the disk, the seed, and the last ones; image lies far from it.
    for number in (2, 3, 6, writes - 6, writes - 1):
        disk.write_bytes(whole)
        machine.words(*AGAIN)
        assert machine.install(fail_at=number).code == -9
        assert kept(disk) == before, number
        machine.words("golden.source=stick")
        assert machine.install().code in (0, 3), number
        assert disk.read_bytes() == whole and holds(disk, image), number

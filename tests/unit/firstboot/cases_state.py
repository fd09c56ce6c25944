"""The state volume: what is bound from it, what begins on it, and which one is refused."""

import json
import os

from engine import state_volume
from run_in_world import first_boot, result
from steps import machine_id

KEPT = "var/lib/golden-state"
MARK = KEPT + "/golden-state.json"
DISK = "sys/block/vdd/serial"


def volume(world, is_disk=False):
    """A world with a volume, mounted already or a disk of its own; `mount` is only noted."""
    mounts = set() if is_disk else {world.path(KEPT)}
    world.patch(state_volume, "_is_mount", lambda path: path in mounts)
    world.image.update(
        first_boot=["ledger_one"],
        state=["/srv/data", "/var/lib/db"],
        versions={"debian": "12", "synnefo": "0.16.2", "postgresql": "15"},
    )
    world.put("etc/passwd", "root:x:0:0::/:/bin/sh\ndb:x:{0}:50::/:/bin/sh\n".format(os.getuid()))
    world.put("etc/group", "root:x:0:\n")
    world.put("var/lib/db/main/table", "as baked")
    os.chmod(world.path("var/lib/db/main"), 0o700)
    for name in ("mount", "umount", "mkfs.ext4", "blkid"):
        world.program(name)
    if is_disk:
        world.put(DISK, "golden-state\n")
        world.put("dev/vdd", "")
    else:
        os.makedirs(world.path(KEPT))


def changed_mark(world, **changes):
    world.put(MARK, json.dumps(dict(json.loads(world.get(MARK)), **changes)))


def content(world):
    found = {}
    for folder, _, names in os.walk(world.path(KEPT)):
        for name in names:
            path = os.path.join(folder, name)
            found[path] = world.get(path)
    return found


def refusal(world):
    """What first boot says of a volume on which nothing must change."""
    before, ledger = content(world), world.get("ledger")
    assert first_boot(world, "bind") == 1
    assert content(world) == before
    covered = [call for call in world.calls() if "tmpfs" in call and call.endswith("/var/lib/db")]
    assert covered, "no daemon may work on what the image has there"
    assert first_boot(world) == 1
    assert result(world)["error"]["step"] == "state" and world.get("ledger") == ledger
    return result(world)["error"]["message"]


def case_a_node_without_a_volume_is_as_ever(world):
    world.image["first_boot"] = ["ledger_one"]
    assert first_boot(world, "bind") == 0
    assert first_boot(world) == 0 and world.get("ledger") == "one\n"


def case_an_empty_volume_begins_with_what_the_image_has(world):
    volume(world)
    assert first_boot(world, "bind") == 0
    assert world.get(KEPT + "/var/lib/db/main/table") == "as baked"
    assert os.stat(world.path(KEPT + "/var/lib/db/main")).st_mode & 0o777 == 0o700
    assert os.stat(world.path(KEPT)).st_mode & 0o777 == 0o700
    bound = [call.replace(world.root, "") for call in world.calls()]
    assert bound == [
        "mount --bind /{0}/srv/data /srv/data".format(KEPT),
        "mount --bind /{0}/var/lib/db /var/lib/db".format(KEPT),
    ]
    mark = json.loads(world.get(MARK))
    assert mark["instance"] == "small-n1-abc" and mark["versions"]["synnefo"] == "0.16.2"
    assert mark["accounts"] == {"user root": 0, "user db": os.getuid(), "group root": 0}
    assert os.stat(world.path(MARK)).st_mode & 0o777 == 0o600


def case_a_new_system_disk_takes_the_state_over_and_each_step_looks_again(world):
    volume(world)
    assert first_boot(world, "bind") == 0 and first_boot(world) == 0
    world.put(KEPT + "/var/lib/db/main/table", "of a year")
    world.put("ledger", "")
    for path in ("var/lib/firstboot/result.json", "var/lib/firstboot/state-volume"):
        os.unlink(world.path(path))
    world.image["versions"]["debian"] = "13"
    # The image has none; it was made for the first system disk.
    os.rmdir(world.path("srv/data"))
    os.makedirs(world.path("var/lib/db/of-newer/below"))
    assert first_boot(world, "bind") == 0 and first_boot(world) == 0
    assert world.get(KEPT + "/var/lib/db/main/table") == "of a year"
    assert os.path.isdir(world.path(KEPT + "/var/lib/db/of-newer/below"))
    assert os.path.isdir(world.path("srv/data")), "nothing can be bound where there is no folder"
    assert world.get("ledger") == "one\n"
    assert json.loads(world.get(MARK))["versions"]["debian"] == "13"
    world.image["versions"]["debian"] = "12"
    assert "of debian 13, newer than 12 of this image" in refusal(world)


def case_a_copy_that_was_cut_begins_anew(world):
    volume(world)
    world.image["state"] = ["/srv/data"]
    assert first_boot(world, "bind") == 0
    world.image["state"] = ["/srv/data", "/var/lib/db"]
    world.put(KEPT + "/var/lib/db.new/half", "a part")
    assert first_boot(world, "bind") == 0
    assert os.listdir(world.path(KEPT + "/var/lib/db")) == ["main"]
    assert os.listdir(world.path(KEPT + "/var/lib")) == ["db"]


def case_a_mark_that_was_cut_is_written_anew(world):
    volume(world)
    world.put(KEPT + "/.firstboot-golden-state.json", "{")
    assert first_boot(world, "bind") == 0
    assert sorted(os.listdir(world.path(KEPT))) == ["golden-state.json", "srv", "var"]


def case_the_state_of_another_node_is_refused(world):
    volume(world)
    assert first_boot(world, "bind") == 0
    changed_mark(world, instance="small-n2-abc")
    said = refusal(world)
    assert said.startswith("the state volume is of small-n2-abc, and this is small-n1-abc; nothing")
    changed_mark(world, instance="small-n1-abc")
    assert first_boot(world, "bind") == 0 and first_boot(world, "resume") == 0


def case_tables_of_an_older_synnefo_are_taken_over_and_databases_of_another_major_refused(world):
    volume(world)
    assert first_boot(world, "bind") == 0
    changed_mark(world, versions={"postgresql": "13"})
    assert "databases of PostgreSQL 13, and this image has 15: no step" in refusal(world)
    changed_mark(world, versions={"postgresql": "15", "synnefo": "0.16.1"})
    assert first_boot(world, "bind") == 0
    assert json.loads(world.get(MARK))["versions"]["synnefo"] == "0.16.2"
    changed_mark(world, versions={"synnefo": "0.16.3"})
    world.put("calls", "")
    assert "of synnefo 0.16.3, newer than 0.16.2 of this image" in refusal(world)


def case_a_half_written_volume_is_refused(world):
    volume(world)
    world.put(KEPT + "/var/lib/db/main/table", "restored so far")
    assert "has no golden-state.json, but var: it is half-written" in refusal(world)


def case_a_mark_that_is_none_is_refused(world):
    volume(world)
    for text in ("", "{", "[]", '{"instance": 1}', '{"instance": "x", "versions": {}}'):
        world.put(MARK, text)
        world.put("calls", "")
        assert "half-written: golden-state.json is no record" in refusal(world)


def case_files_of_an_account_with_another_number_are_refused(world):
    volume(world)
    assert first_boot(world, "bind") == 0
    passwd = world.get("etc/passwd")
    accounts = json.loads(world.get(MARK))["accounts"]
    # Its files are still of the number that it had.
    world.put("etc/passwd", passwd.replace("db:x:{0}:".format(os.getuid()), "db:x:991:"))
    assert "has files of db, and this image has no such account, or another" in refusal(world)
    world.put("etc/passwd", passwd.replace("db:", "other:"))
    world.put("calls", "")
    assert "has files of db, and this image" in refusal(world)
    # One that owns nothing there may move.
    world.put("etc/passwd", passwd)
    changed_mark(world, accounts=dict(accounts, **{"group root": 77}))
    assert first_boot(world, "bind") == 0


def case_a_node_that_used_a_volume_does_not_go_on_without_it(world):
    volume(world, is_disk=True)
    world.program("blkid", "exit 2")
    assert first_boot(world, "bind") == 0 and first_boot(world) == 0
    os.unlink(world.path(DISK))
    world.put("calls", "")
    assert "the state volume of this node is missing" in refusal(world)


def case_a_blank_disk_is_formatted_and_one_with_anything_is_not(world):
    volume(world, is_disk=True)
    world.program("blkid", "exit 2")
    assert first_boot(world, "bind") == 0
    calls = [call.split()[0] for call in world.calls()]
    assert calls == ["blkid", "mkfs.ext4", "mount", "mount", "mount", "mount"]
    assert "-L golden-state" in world.calls()[1]
    assert "-o ro " in world.calls()[2] and "remount,rw" in world.calls()[3]
    world.put("calls", "")
    world.program("blkid", "echo LABEL=golden-state; echo TYPE=ext4")
    assert first_boot(world, "bind") == 0
    assert "mkfs" not in world.get("calls")
    for text, code in (("TYPE=ext4", 0), ("PTTYPE=dos", 0), ("cannot read", 2), ("", 8)):
        world.put("calls", "")
        world.program("blkid", "echo {0}; exit {1}".format(text, code))
        assert "is for the state volume, but holds something else" in refusal(world)
        assert "mkfs" not in world.get("calls")


def partition(world, mark, start="2048000"):
    """The system's disk as the installer leaves it: `mark` is its record there."""
    volume(world, is_disk=True)
    os.unlink(world.path(DISK))
    disk = "sys/devices/ata1/block/cciss!c0d0/"
    for number, first in ((1, "2048"), (3, "1024000"), (4, start)):
        world.put("{0}cciss!c0d0p{1}/start".format(disk, number), first + "\n")
        world.put("{0}cciss!c0d0p{1}/partition".format(disk, number), str(number))
    world.put("dev/cciss/c0d0", "\0" * (2047 * 512) + mark.ljust(512, "\0"))
    number = os.stat(world.root).st_dev
    link = "sys/dev/block/{0}:{1}".format(os.major(number), os.minor(number))
    os.makedirs(os.path.dirname(world.path(link)))
    os.symlink(world.path(disk + "cciss!c0d0p1"), world.path(link))
    # What blkid says of a blank partition.
    world.program("blkid", "echo PART_ENTRY_TYPE=0x83")


def case_the_partition_of_the_installer_is_formatted_and_used(world):
    partition(world, "golden-disk finished small n1 sum sum 1024000 2048000 409600\n")
    world.program("mount", "mkdir -p " + world.path(KEPT))
    assert first_boot(world, "bind") == 0
    device = world.path("dev/cciss/c0d0p4")
    calls = world.calls()
    assert calls[:2] == [
        "blkid -p -o export " + device,
        "mkfs.ext4 -q -F -L golden-state " + device,
    ]
    assert calls[2] == "mount -t ext4 -o ro {0} {1}".format(device, world.path(KEPT))
    assert json.loads(world.get(MARK))["instance"] == "small-n1-abc"


def case_a_system_disk_without_a_partition_of_state_has_none(world):
    whole = "golden-disk finished small n1 sum sum"
    partition(world, whole)
    for mark in (whole + " 1 2048001 9", "golden-disk unfinished small n1 a b 1 2048000 9", ""):
        world.put("dev/cciss/c0d0", "\0" * (2047 * 512) + mark.ljust(512, "\0"))
        assert first_boot(world, "bind") == 0 and world.calls() == [], mark
    # A container's root: on a partition of its host, and on none.
    os.unlink(world.path("dev/cciss/c0d0"))
    assert first_boot(world, "bind") == 0 and world.calls() == []
    os.unlink(world.path("sys/devices/ata1/block/cciss!c0d0/cciss!c0d0p1/partition"))
    assert first_boot(world, "bind") == 0 and world.calls() == []


def case_a_disk_of_a_container_s_host_is_none_of_ours(world):
    volume(world, is_disk=True)
    os.unlink(world.path("dev/vdd"))
    assert first_boot(world, "bind") == 0 and world.calls() == []


def case_a_disk_that_does_not_tell_its_number_is_none_of_ours(world):
    volume(world, is_disk=True)
    # Reading it is an error, as where the hardware does not answer.
    os.makedirs(world.path("sys/block/sda/serial"))
    world.put("dev/sda", "")
    world.put(DISK, b"\xff\x00".decode("latin-1"))
    assert first_boot(world, "bind") == 0 and world.calls() == []


def case_what_is_mounted_there_already_is_left_alone(world):
    volume(world)
    mounts = {world.path(KEPT), world.path("srv/data")}
    world.patch(state_volume, "_is_mount", lambda path: path in mounts)
    assert first_boot(world, "bind") == 0
    assert [call.rpartition("/")[2] for call in world.calls()] == ["db"]


def case_versions_have_an_order(world):
    ordered = ["0.15", "0.16~rc1", "0.16~rc2", "0.16", "0.16.2", "0.16.10", "1"]
    mixed = ordered[3:] + ordered[:3]
    assert sorted(mixed, key=state_volume.version) == ordered


def case_machine_id_outlives_the_system_disk(world):
    def made():
        world.put("etc/machine-id", "")
        machine_id.run(world.context())
        return world.get("etc/machine-id")

    first = made()
    world.golden["secrets"]["database_password"] = "rotated-meanwhile"
    assert made() == first
    world.golden["ssh"]["host_keys"]["rsa"]["private"] = "another node's"
    assert made() != first

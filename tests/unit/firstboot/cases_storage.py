"""Steps of storage: DRBD, the volume group, the shared folder."""

import os
import struct

from engine import probe
from engine.failures import StepError, StepSkipped
from steps import drbd, nfs_mount, root_size, volume_group
from world import raises


def case_drbd_must_have_the_helper(world):
    assert not drbd.done(world.context())
    world.put("sys/module/drbd/parameters/usermode_helper", "/bin/true\n")
    assert drbd.done(world.context())
    world.put("sys/module/drbd/parameters/usermode_helper", "/sbin/drbdadm\n")
    world.program("modprobe")
    drbd.run(world.context())
    assert world.calls() == [
        "modprobe -r drbd",
        "modprobe drbd minor_count=255 usermode_helper=/bin/true",
    ]


def case_drbd_is_skipped_only_where_it_is_known_to_be_absent(world):
    world.program("modprobe", "echo FATAL: Module drbd not found; exit 1")
    assert "Module drbd not found" in raises(StepError, drbd.run, world.context())
    world.golden["absent"] = {"drbd": "the host's kernel has no DRBD"}
    assert raises(StepSkipped, drbd.run, world.context()) == "the host's kernel has no DRBD"


def lvm(world, mib=25600, volume="exit 5", blkid="exit 2"):
    world.put("dev/vdb", "")
    world.put("sys/class/block/vdb/size", "{0}\n".format(mib * 2048))
    world.program("vgs", "test -e ROOT/group")
    world.program("pvs", volume)
    world.program("blkid", blkid)
    world.program("pvcreate")
    world.program("vgcreate", "touch ROOT/group")
    world.program("volume-group", path="etc/init.d/volume-group")
    return world.context()


def case_volume_group_on_an_empty_disk(world):
    ctx = lvm(world)
    assert not volume_group.done(ctx)
    volume_group.run(ctx)
    assert volume_group.done(ctx)
    assert world.calls()[-5:] == [
        "blkid -p /dev/vdb",
        "pvcreate /dev/vdb",
        "vgcreate ganeti /dev/vdb",
        "volume-group start",
        "vgs ganeti",
    ]


# What blkid -p of util-linux 2.20 and 2.38 says of the guide's empty /dev/sdb1; its exit code is 0.
EMPTY_PARTITION = (
    """echo '/dev/sdb1: PART_ENTRY_SCHEME="dos" PART_ENTRY_TYPE="0x8e" PART_ENTRY_NUMBER="1" """
    """PART_ENTRY_OFFSET="2048" PART_ENTRY_SIZE="52426752" PART_ENTRY_DISK="8:16"'"""
)


def case_volume_group_on_an_empty_partition(world):
    ctx = lvm(world, blkid=EMPTY_PARTITION)
    volume_group.run(ctx)
    assert "pvcreate /dev/vdb" in world.calls()
    assert volume_group.done(ctx)


def case_foreign_data_on_a_partition_is_never_overwritten(world):
    used = EMPTY_PARTITION.replace("sdb1: ", 'sdb1: UUID="0a1b" TYPE="ext4" USAGE="filesystem" ')
    nested = EMPTY_PARTITION.replace("sdb1: ", 'sdb1: PTUUID="e5" PTTYPE="dos" ')
    for blkid in (used, nested, EMPTY_PARTITION + "; exit 8", EMPTY_PARTITION + "; exit 4"):
        assert "not empty" in raises(StepError, volume_group.run, lvm(world, blkid=blkid)), blkid
    unread = "echo error: /dev/vdb: Input/output error; exit 2"
    assert "Input/output" in raises(StepError, volume_group.run, lvm(world, blkid=unread))
    assert not [call for call in world.calls() if call.startswith(("pvcreate", "vgcreate"))]


def case_foreign_data_is_never_overwritten(world):
    for found, said in (
        ({"blkid": "echo TYPE=ext4; exit 0"}, "not empty (TYPE=ext4)"),
        ({"blkid": "echo PTTYPE=dos; exit 0"}, "wipefs -a /dev/vdb"),
        ({"blkid": "exit 8"}, "not empty"),
        ({"volume": "echo '  other'"}, "belongs to the volume group other"),
    ):
        assert said in raises(StepError, volume_group.run, lvm(world, **found)), found
    assert not [call for call in world.calls() if call.startswith(("pvcreate", "vgcreate"))]


def case_a_volume_made_before_a_cut_is_used(world):
    volume_group.run(lvm(world, volume="echo"))
    assert "pvcreate /dev/vdb" not in world.calls()
    assert "vgcreate ganeti /dev/vdb" in world.calls()


def case_a_disk_too_small_for_ganeti_is_refused(world):
    message = raises(StepError, volume_group.run, lvm(world, mib=20480))
    assert "/dev/vdb has 20480 MiB" in message and "20484 MiB" in message


def case_volume_group_in_a_sparse_file(world):
    world.golden["volume_group"] = {"name": "ganeti", "file": "/srv/vg.img", "size": "25G"}
    ctx = lvm(world)
    world.program("losetup", "echo '/dev/vdb: [0001]:2 (/srv/vg.img)'")
    volume_group.run(ctx)
    status = os.stat(world.path("srv/vg.img"))
    assert status.st_size == 25 * 1024**3 and status.st_blocks < 100
    assert "vgcreate ganeti /dev/vdb" in world.calls()


def case_mount_is_in_fstab_once(world):
    line = "n1:/srv/archip /srv/archip nfs rw 0 0"
    text = "LABEL=golden / ext4 defaults 0 1\nold:/x /srv/archip nfs ro 0 0\n"
    assert nfs_mount.with_mount(text, line) == "LABEL=golden / ext4 defaults 0 1\n" + line + "\n"
    assert nfs_mount.with_mount(nfs_mount.with_mount(text, line), line).count(line) == 1


def case_nfs_waits_for_its_server_then_mounts(world):
    answers = [False, True]
    world.patch(probe, "tcp", lambda address, port: answers.pop(0))
    world.patch(nfs_mount, "SERVER_SECONDS", 30)
    world.image["services"].update({"rpcbind": "rpcbind", "nfs-common": "nfs-common"})
    for name in ("rpcbind", "nfs-common"):
        world.program(name, path="etc/init.d/" + name)
    world.program("mount", 'echo "$6 $7 nfs4 rw 0 0" > ROOT/proc/mounts')
    world.put("etc/fstab", "")
    world.put("proc/mounts", "")
    ctx = world.context()
    waits = []
    ctx.on_waiting = waits.append
    world.patch(world, "program", None)
    nfs_mount.run(ctx)
    assert waits[0].startswith("waiting for n1 nfs, 0 s of")
    assert world.calls()[-1] == (
        "mount -t nfs -o rw,noatime,rsize=131072,wsize=131072 "
        "n1.small.example:/srv/archip /srv/archip"
    )
    assert "bg,_netdev" in world.get("etc/fstab")


def root(world, file_system_mib, partition_mib, name="sda1"):
    start = bytearray(4096)
    struct.pack_into("<I", start, 1024 + 4, file_system_mib * 256)
    struct.pack_into("<I", start, 1024 + 24, 2)
    struct.pack_into("<H", start, 1024 + 56, 0xEF53)
    world.put("dev/" + name, "")
    with open(world.path("dev/" + name), "wb") as file:
        file.write(start)
    world.put(
        "sys/class/block/{0}/size".format(name.replace("/", "!")),
        "{0}\n".format(partition_mib * 2048),
    )
    world.put("proc/mounts", "rootfs / rootfs rw 0 0\n/dev/{0} / ext4 rw 0 0\n".format(name))
    world.program("resize2fs")
    return world.context()


def case_a_root_smaller_than_its_partition_grows(world):
    ctx = root(world, 6143, 500000)
    assert not root_size.done(ctx)
    root_size.run(ctx)
    assert [call.split()[0] for call in world.calls()] == ["resize2fs"]
    assert world.calls()[0].endswith("/dev/sda1")


def case_a_root_that_fills_its_partition_is_left_alone(world):
    assert root_size.done(root(world, 6143, 6143))
    assert root_size.done(root(world, 6143, 6143 + 127))
    assert not root_size.done(root(world, 6143, 6143 + 128))


def case_a_root_on_a_driver_with_a_folder_of_its_own(world):
    assert not root_size.done(root(world, 6143, 500000, "cciss/c0d0p1"))
    assert root_size.done(root(world, 6143, 6143, "cciss/c0d0p1"))


def case_a_container_has_no_root_to_grow(world):
    world.put("proc/mounts", "overlay / overlay rw 0 0\n")
    assert root_size.done(world.context())

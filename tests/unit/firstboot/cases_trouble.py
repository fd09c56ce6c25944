"""What is not the node's fault, or not the step's: peers that are away, and full disks."""

import errno
import os
import stat

from engine import files, runner, space
from run_in_world import first_boot, result
from world import raises

MOUNTS = """\
/dev/vda1 / ext4 rw,relatime 0 0
/dev/vdb2 /var/lib/db ext4 rw,relatime 0 0
n1:/srv/nfs /srv/nfs nfs4 rw,relatime 0 0
/dev/sr0 /media/seed iso9660 ro 0 0
"""


class Space(object):
    """What statvfs says of a disk of 100 MiB, or of `size`, with `free` MiB free."""

    def __init__(self, free, size=100, inodes=1000):
        self.f_frsize, self.f_blocks, self.f_bavail = 4096, size * 256, free * 256
        self.f_files, self.f_favail = 1000, inodes


def case_what_a_peer_broke_is_tried_again(world):
    world.image["first_boot"] = ["needs_peer", "ledger_one"]
    world.patch(runner, "RETRY_PAUSE_SECONDS", 0.01)
    world.put("peer-down", "1\n2\n3\n")
    assert first_boot(world) == 0
    waits = [line["detail"] for line in world.console() if line["state"] == "waiting"]
    assert len(waits) == 3, waits
    assert waits[0].startswith("tried again in 0.01 s: command `sh -c"), waits
    assert "no route to n2" in waits[0]
    assert [step["state"] for step in result(world)["steps"]] == ["done", "done"]


def case_it_fails_when_the_time_of_the_whole_is_over(world):
    world.image["first_boot"] = ["needs_peer", "ledger_one"]
    world.image["deadline"] = 0.5
    world.patch(runner, "RETRY_PAUSE_SECONDS", 1)
    world.put("peer-down", "1\n")
    assert first_boot(world) == 1
    assert "no route to n2" in result(world)["error"]["message"]
    assert not world.get("ledger")
    # And at every boot it is tried anew.
    assert first_boot(world) == 0


def case_other_steps_fail_at_once(world):
    world.image["first_boot"] = ["breaks"]
    world.put("broken", "")
    world.patch(runner.time, "sleep", None)
    assert first_boot(world) == 1


def case_a_full_disk_is_named_where_a_step_fails(world):
    world.image["first_boot"] = ["breaks"]
    world.put("broken", "")
    for told, said in (
        (Space(3), "no space left on /: 3 MiB free of 100 MiB; command `sh -c"),
        (Space(30, size=2000), "no space left on /: 30 MiB free of 2000 MiB"),
        (Space(50, inodes=0), "no inodes left on /: 0 free of 1000"),
        (Space(90), None),
        (Space(6), None),
        (Space(0, size=0, inodes=0), "no inodes"),
    ):
        world.patch(space.os, "statvfs", lambda path, told=told: told)
        assert first_boot(world) == 1
        for text in (result(world)["error"]["message"], world.console()[-1]["detail"]):
            assert said in text if said else " left on " not in text, text


class Mounted(object):
    """What stat says of a folder that is a file system of its own."""

    st_mode, st_dev = stat.S_IFDIR, -1


def case_any_full_file_system_is_named_but_none_that_may_hang(world):
    full, remote = world.path("var/lib/db"), world.path("srv/nfs")
    world.put("proc/mounts", MOUNTS)
    known, asked = os.stat, []

    def statvfs(path):
        asked.append(path)
        return Space(1 if path in (full, remote) else 90)

    world.patch(
        space.os, "stat", lambda path, *rest: Mounted if path == full else known(path, *rest)
    )
    world.patch(space.os, "statvfs", statvfs)
    said = space.missing(world.context())
    assert said == "no space left on /var/lib/db: 1 MiB free of 100 MiB", said
    assert set(asked) == {world.path(""), full}, asked


def case_a_disk_that_is_free_again_is_named_by_what_was_written(world):
    # As initdb does, which removes what it has made.
    database = world.path("var/lib/db")
    world.put("proc/mounts", MOUNTS)
    known = os.stat
    world.patch(
        space.os, "stat", lambda path, *rest: Mounted if path == database else known(path, *rest)
    )
    small, large = Space(11, size=12), Space(500, size=900)
    world.patch(space.os, "statvfs", lambda path: small if path == database else large)
    ctx = world.context()
    text = "command `initdb -D /var/lib/db/main` exit 1: FATAL: pg_wal/x: No space left on device"
    said = space.missing(ctx, text)
    assert said == "no space left on /var/lib/db: 11 MiB free of 12 MiB", said
    assert space.missing(ctx, text.replace("/main", "")) == said, "the folder itself, in quotes"
    assert space.missing(ctx, "no room: No space left on device") == ""
    assert space.missing(ctx, "command `initdb -D /var/lib/db/main` exit 1") == ""


def case_a_full_disk_keeps_nobody_from_saying_so(world):
    write, full = os.write, []

    def written(handle, data):
        if full and os.readlink("/proc/self/fd/{0}".format(handle)) != world.path("dev/console"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, data)

    world.image["first_boot"] = ["ledger_one"]
    world.patch(os, "write", written)
    world.patch(space.os, "statvfs", lambda path: Space(0))
    full.append(True)
    assert first_boot(world) == 1
    said = world.console()[-1]
    assert (said["step"], said["state"]) == ("ready", "failed")
    assert "no space left on /: 0 MiB free of 100 MiB" in said["detail"], said
    del full[:]
    assert first_boot(world) == 0


def case_a_file_is_written_whole_or_not_at_all(world):
    write, left = os.write, [10]

    def a_part(handle, data):
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        count = write(handle, data[: min(3, left[0])])
        left[0] -= count
        return count

    path = world.path("file")
    files.write(path, "old")
    world.patch(os, "write", a_part)
    raises(OSError, files.write, path, "0123456789abcdef")
    assert files.read(path) == "old" and os.listdir(os.path.dirname(path)).count("file") == 1
    left[0] = 100
    files.write(path, "0123456789abcdef")
    assert files.read(path) == "0123456789abcdef"


def case_the_failure_of_first_boot_itself_is_on_the_console(world):
    world.save()
    world.put("etc/golden/image.json", '{"site": ')
    world.patch(world, "save", lambda: None)
    raises(ValueError, first_boot, world)
    said = world.console()[-1]
    assert (said["step"], said["state"]) == ("ready", "failed")
    assert said["detail"].startswith("firstboot itself failed: "), said

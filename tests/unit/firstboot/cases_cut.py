"""Power cuts: at every change of the disk, and again soon after."""

import os
import signal
import subprocess

from engine import files
from run_in_world import first_boot, result
from world import World

CUT_CALLS = [
    (os, "write"),
    (os, "fsync"),
    (os, "rename"),
    (os, "symlink"),
    (os, "fchmod"),
    (subprocess, "Popen"),
]


def cut_at(count):
    """Have this process killed at its `count`th change of the disk: before it, if odd, or after."""
    left = [count]

    def cutting(real):
        def call(*arguments, **named):
            left[0] -= 1
            if left[0] == 0 and count % 2:
                os.kill(os.getpid(), signal.SIGKILL)
            # Nothing here looks at the real disk, and syncing takes long.
            value = None if real is os_fsync else real(*arguments, **named)
            if left[0] == 0:
                if isinstance(value, subprocess_popen):
                    value.wait()
                os.kill(os.getpid(), signal.SIGKILL)
            return value

        return call

    os_fsync, subprocess_popen = os.fsync, subprocess.Popen
    for module, name in CUT_CALLS:
        setattr(module, name, cutting(getattr(module, name)))


def in_child(world, count):
    """Run first boot in a child that is cut at `count`; its exit code, or None when it was cut."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            cut_at(count)
            code = first_boot(world)
        finally:
            os._exit(code)
    status = os.waitpid(pid, 0)[1]
    return None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def tree(world):
    """Everything first boot made, by path: link target, or mode and text."""
    found = {}
    for folder, _, names in os.walk(world.root):
        for name in names:
            path = os.path.join(folder, name)
            short = os.path.relpath(path, world.root)
            if short.startswith(("dev", "var/log", "stdout", "bin", "calls", "var/lib/firstboot/")):
                continue
            found[short] = (
                os.readlink(path)
                if os.path.islink(path)
                else (os.stat(path).st_mode, files.read(path))
            )
    return found


def fresh(world, number):
    """Another world like `world` in a folder of its own."""
    root = os.path.join(world.root, "worlds", str(number))
    other = World(root)
    other.program("openssl", "echo deadbeef")
    other.image["first_boot"] = ["ledger_one", "secret_files", "site_ca", "ledger_two"]
    return other


def case_a_cut_at_any_moment_converges_and_nothing_is_done_twice(world):
    whole = fresh(world, 0)
    assert in_child(whole, 0) == 0
    wanted = tree(whole)
    assert wanted["ledger"][1] == "one\ntwo\n"
    count = cuts = 0
    while True:
        count += 1
        other = fresh(world, count)
        if in_child(other, count) is not None:
            break
        cuts += 1
        # The machine comes back, and may be cut a second time not far from there.
        if count % 3 == 0:
            in_child(other, 9)
        assert in_child(other, 0) == 0, count
        assert tree(other) == wanted, count
        assert result(other)["state"] == "ready", count
        other.close()
    assert cuts > 60, cuts

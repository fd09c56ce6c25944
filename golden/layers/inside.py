"""Runs one command inside a layer's tree; started by `enter` in namespaces of its own.

Usage: unshare … python3 inside.py SPEC COMMAND…   (SPEC: the JSON of `enter.View`)

As process 1 of its PID namespace, its exit ends every process in the tree: when the command is
done, and when the bake is gone, even by kill -9. It uses the standard library alone, so that it
starts quickly.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import platform
import re
import resource
import select
import socket
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)

# linux/mount.h
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
# linux/prctl.h, linux/seccomp.h
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
# linux/sockios.h, linux/if.h
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

MOST_FILES = 65536
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
# fsync, fdatasync, sync, sync_file_range, syncfs, msync: asm/unistd_64.h. The 32-bit numbers are
# another architecture to seccomp and stay as they are.
_SYNC_CALLS = {"x86_64": (0xC000003E, (74, 75, 162, 277, 306, 26))}


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """mount(2). Raises OSError naming the target."""
    words = [word.encode() for word in (source, target, kind)]
    if _libc.mount(*words, ctypes.c_ulong(flags), data.encode()) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {kind or 'bind'} {source}: {os.strerror(number)}", target)


def mount_tree(spec: dict[str, Any]) -> None:
    """Stack the layers at spec["at"]; the top one takes writes."""
    at, lower, upper = spec["at"], spec["lower"], spec["upper"]
    if not lower:
        mount(upper, at, "", MS_BIND)
    elif len(lower) == 1 and not upper:
        mount(lower[0], at, "", MS_BIND)
        mount("", at, "", MS_BIND | MS_REMOUNT | MS_RDONLY)
    else:
        options = [f"lowerdir={':'.join(map(_escaped, lower))}"]
        if upper:
            options += [f"upperdir={_escaped(upper)}", f"workdir={_escaped(spec['work'])}"]
        if spec["user"]:
            # Without real root, overlayfs keeps its notes in user.* attributes (Linux 5.11).
            options.append("userxattr")
        mount("overlay", at, "overlay", 0 if upper else MS_RDONLY, ",".join(options))


def _escaped(path: str) -> str:
    # filesystems/overlayfs.rst: these separate overlayfs's options and layers.
    return re.sub(r"([\\\\:,])", r"\\\1", path)


def mount_system(at: Path) -> None:
    """Mount what programs expect: /proc, /dev, /sys, and a temporary /run and /tmp."""
    for name, mode in (("proc", 0o555), ("sys", 0o555), ("dev", 0o755), ("run", 0o755)):
        (at / name).mkdir(mode, exist_ok=True)
    (at / "tmp").mkdir(exist_ok=True)
    mount("proc", str(at / "proc"), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("tmpfs", str(at / "run"), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    # /var/lock is a link to it, which dpkg takes for a folder only when this one is there.
    (at / "run" / "lock").mkdir()
    (at / "run" / "lock").chmod(0o1777)
    mount("tmpfs", str(at / "tmp"), "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    _mount_dev(at / "dev")


def _mount_dev(dev: Path) -> None:
    mount("tmpfs", str(dev), "tmpfs", MS_NOSUID, "mode=755")
    for name in DEVICES:
        # A normal user may not make device nodes, but may bind the host's.
        (dev / name).touch()
        mount(f"/dev/{name}", str(dev / name), "", MS_BIND)
    for name, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (dev / name).symlink_to(f"/proc/self/{target}")
    (dev / "shm").mkdir()
    mount("tmpfs", str(dev / "shm"), "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    (dev / "pts").mkdir()
    mount("devpts", str(dev / "pts"), "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666")
    (dev / "ptmx").symlink_to("pts/ptmx")


def mount_binds(at: Path, binds: list[list[str]], *, writable: bool = False) -> None:
    """Bind folders of the host into the tree, read-only unless `writable`; their mount points lie
    on a tmpfs."""
    for source, target in binds:
        place = at / target.lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        mount(source, str(place), "", MS_BIND)
        if writable:
            continue
        flags = MS_BIND | MS_REMOUNT | MS_RDONLY | _inherited_flags(str(place))
        mount("", str(place), "", flags)


def _inherited_flags(path: str) -> int:
    # A user namespace must keep these flags of the mount that it binds (mount_namespaces(7)).
    flags = os.statvfs(path).f_flag
    pairs = ((os.ST_NOSUID, MS_NOSUID), (os.ST_NODEV, MS_NODEV), (os.ST_NOEXEC, MS_NOEXEC))
    return sum(bit for own, bit in pairs if flags & own)


def isolate() -> None:
    """Set a neutral host name, and bring up the loopback as the only network."""
    socket.sethostname("bake")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def suppress_sync() -> None:
    """Let fsync and its kin succeed without doing anything, as systemd-nspawn --suppress-sync does.

    An unfinished layer is thrown away, so none of its files is worth waiting for.
    """
    if platform.machine() not in _SYNC_CALLS:
        return
    architecture, calls = _SYNC_CALLS[platform.machine()]
    load, equal, give = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
    allow, succeed = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | 0
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (give, 0, 0, allow), (load, 0, 0, 0)]
    program += [(equal, len(calls) - i, 0, call) for i, call in enumerate(calls)]
    program += [(give, 0, 0, allow), (give, 0, 0, succeed)]
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code)
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    if _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


def run_child(spec: dict[str, Any], command: list[str]) -> int:
    """Start `command`; returns its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        limit_files()
        environment: Mapping[str, str] = os.environ
        if spec["chroot"]:
            os.chroot(spec["at"])
            os.chdir("/")
            suppress_sync()
            environment = spec["environment"]
        os.execvpe(command[0], command, environment)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error}\n")
    os._exit(127)


def limit_files() -> None:
    """Lower the number of files that a program may open.

    Python 2 and others close each possible one in every child, and an engine or a host may allow a
    thousand million (docs/wheezy.md W4.1).
    """
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limit = MOST_FILES if most == resource.RLIM_INFINITY else min(MOST_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


def watch(pid: int, alive: int) -> int:
    """Wait for `pid`; returns its exit code, or 137 once the bake has released its lock.

    Process 1 inherits the orphans of the tree, and must reap them.
    """
    poll = select.poll()
    child = os.pidfd_open(pid)
    poll.register(child, select.POLLIN)
    while not poll.poll(1000):
        _reap_others(pid)
        if not _locked(alive):
            sys.stderr.write("the bake has ended: its command in this tree is stopped\n")
            return 137
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) % 256


def _locked(file: int) -> bool:
    """Whether the bake holds its lock, which the kernel releases however the bake ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _reap_others(pid: int) -> None:
    # WNOWAIT: the child itself is left for `watch`.
    with contextlib.suppress(ChildProcessError):
        while True:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is None or found.si_pid == pid:
                return
            os.waitpid(found.si_pid, 0)


def main(argv: list[str]) -> int:
    """Mount, enter and run; returns the command's exit code."""
    spec = json.loads(Path(argv[0]).read_text())
    alive = os.open(spec["alive"], os.O_RDONLY)
    busy = os.open(spec["busy"], os.O_RDONLY)
    # The next bake waits for this lock before it clears away what a killed one left behind.
    fcntl.flock(busy, fcntl.LOCK_SH)
    mount("", "/", "", MS_REC | MS_PRIVATE)
    mount_tree(spec)
    if spec["chroot"]:
        isolate()
        mount_system(Path(spec["at"]))
        mount_binds(Path(spec["at"]), spec["binds"])
        mount_binds(Path(spec["at"]), spec.get("shared", []), writable=True)
    return watch(run_child(spec, argv[1:]), alive)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

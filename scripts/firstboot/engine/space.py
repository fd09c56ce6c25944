"""File systems without room: what fails for it often says everything but that."""

import errno
import os
import re

from engine import files

# Kinds that hang while their server is away.
REMOTE = ("nfs", "cifs", "fuse", "autofs", "9p")
MIB = 1024 * 1024
# initdb takes 40 MiB and gives them back when it fails; of a small file system 1/20.
ENOUGH_MIB = 64
ENOUGH_PART = 20
PATH = re.compile(r"/[^\s:;,'\"`|)]+")


def missing(ctx, text=""):
    """The file systems that are full, in one clause, else "".

    A program that fails for it may take away what it had written, and nothing is full any more:
    where `text` says that there was no space, it is the smallest of those that its paths lie on.
    """
    spaces = list(_spaces(ctx))
    clauses = list(filter(None, (_missing_on(path, space) for path, _, space in _once(spaces))))
    if not clauses and os.strerror(errno.ENOSPC) in text:
        clauses = _smallest(spaces, PATH.findall(text))
    return ", ".join(clauses)


def _spaces(ctx):
    """(path, device, space) of all that are local."""
    for path in _local(ctx):
        try:
            yield path, os.stat(ctx.path(path)).st_dev, os.statvfs(ctx.path(path))
        except OSError:
            continue  # it was unmounted meanwhile


def _once(spaces):
    seen = set()
    for one in spaces:
        if one[1] not in seen:
            seen.add(one[1])
            yield one


def _smallest(spaces, paths):
    found = []
    for path in paths:
        over = [one for one in spaces if (path + "/").startswith(one[0].rstrip("/") + "/")]
        if over:
            mount, _, space = max(over, key=lambda one: len(one[0]))
            found.append((space.f_blocks * space.f_frsize, _told(mount, space)))
    return [min(found)[1]] if found else []


def _local(ctx):
    """The root, and every folder on which another local file system can be written to."""
    yield "/"
    for line in files.read(ctx.path("/proc/mounts")).splitlines():
        _, path, kind, options = line.split()[:4]
        remote, writable = kind.startswith(REMOTE), "rw" in options.split(",")
        if writable and not remote and os.path.isdir(ctx.path(path)):
            yield path


def _missing_on(path, space):
    free, size = _mib(space)
    if size and free < min(ENOUGH_MIB, size // ENOUGH_PART):
        return _told(path, space)
    if space.f_files and not space.f_favail:
        return "no inodes left on {0}: 0 free of {1}".format(path, space.f_files)
    return ""


def _told(path, space):
    return "no space left on {0}: {1} MiB free of {2} MiB".format(path, *_mib(space))


def _mib(space):
    return tuple(space.f_frsize * blocks // MIB for blocks in (space.f_bavail, space.f_blocks))

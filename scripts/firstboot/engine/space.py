"""File systems without room: what fails for it often says everything but that."""

import os

from engine import files

# Kinds that hang while their server is away.
REMOTE = ("nfs", "cifs", "fuse", "autofs", "9p")
MIB = 1024 * 1024
# initdb takes 40 MiB and gives them back when it fails; of a small file system 1/20.
ENOUGH_MIB = 64
ENOUGH_PART = 20


def missing(ctx):
    """The file systems that are full, in one clause, else ""."""
    found, seen = [], set()
    for path in _local(ctx):
        try:
            device, space = os.stat(ctx.path(path)).st_dev, os.statvfs(ctx.path(path))
        except OSError:
            continue  # it was unmounted meanwhile
        if device not in seen:
            seen.add(device)
            found.append(_missing_on(path, space))
    return ", ".join(clause for clause in found if clause)


def _local(ctx):
    """The root, and every folder on which another local file system can be written to."""
    yield "/"
    for line in files.read(ctx.path("/proc/mounts")).splitlines():
        _, path, kind, options = line.split()[:4]
        remote, writable = kind.startswith(REMOTE), "rw" in options.split(",")
        if writable and not remote and os.path.isdir(ctx.path(path)):
            yield path


def _missing_on(path, space):
    free, size = (space.f_frsize * blocks // MIB for blocks in (space.f_bavail, space.f_blocks))
    if size and free < min(ENOUGH_MIB, size // ENOUGH_PART):
        return "no space left on {0}: {1} MiB free of {2} MiB".format(path, free, size)
    if space.f_files and not space.f_favail:
        return "no inodes left on {0}: 0 free of {1}".format(path, space.f_files)
    return ""

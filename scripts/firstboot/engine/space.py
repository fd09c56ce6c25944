"""File systems without room: what fails for it often says everything but that."""

import os

# Where first boot and the daemons it starts write; none can be a mount of NFS, which may hang.
PATHS = ("/", "/tmp", "/var", "/var/lib", "/var/log", "/srv", "/run", "/dev/shm")
MIB = 1024 * 1024
# initdb takes 40 MiB and gives them back when it fails; of a small file system 1/20.
ENOUGH_MIB = 64
ENOUGH_PART = 20


def missing(ctx):
    """The file systems that are full, in one clause, else ""."""
    found, seen = [], set()
    for path in PATHS:
        try:
            device, space = os.stat(ctx.path(path)).st_dev, os.statvfs(ctx.path(path))
        except OSError:
            continue  # this machine has no such folder
        if device not in seen:
            seen.add(device)
            found.append(_missing_on(path, space))
    return ", ".join(clause for clause in found if clause)


def _missing_on(path, space):
    free, size = (space.f_frsize * blocks // MIB for blocks in (space.f_bavail, space.f_blocks))
    if size and free < min(ENOUGH_MIB, size // ENOUGH_PART):
        return "no space left on {0}: {1} MiB free of {2} MiB".format(path, free, size)
    if space.f_files and not space.f_favail:
        return "no inodes left on {0}: 0 free of {1}".format(path, space.f_files)
    return ""

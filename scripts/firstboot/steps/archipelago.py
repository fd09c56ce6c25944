"""Start Archipelago, after the shared storage is there. Its shared memory must fit this machine.

The size of that segment is in the image, but how much memory the machine has is known only here
(guide_bug of G053). The start command says 0 even when a peer failed, so the peers are looked at
(guide_bug of G055). Gunicorn, if it runs, holds the segment open and is stopped first.
"""

import os
import re

from engine import daemons, files
from engine.failures import StepError

GUIDE = ("G055", "G084")
SERVICES = ("archipelago",)

CONF = "/etc/archipelago/archipelago.conf"
SEGMENT = re.compile(r"^SEGMENT_SIZE\s*=\s*(\d+)[ \t]*$", re.MULTILINE)
PEERS = ("blockerb", "blockerm", "mapperd", "vlmcd")
# Below it Archipelago's documentation asks for less than its 2048 MiB: 1024 on a host of 2 GB.
AMPLE_MIB = 6 * 1024
LEAST_MIB = 128


def done(ctx):
    return _segment(ctx) <= most_mib(ctx) and not _dead(ctx)


def run(ctx):
    limit = most_mib(ctx)
    if _segment(ctx) > limit:
        path = ctx.path(CONF)
        status = os.stat(path)
        text = SEGMENT.sub("SEGMENT_SIZE = {0}".format(limit), files.read(path))
        files.write(
            path,
            text,
            status.st_mode & 0o7777,
            files.user_name(status.st_uid),
            files.group_name(status.st_gid),
        )
    _stop(ctx)
    ctx.services.start("archipelago")
    dead = _dead(ctx)
    if dead:
        # When one fails the others are stopped, so that each log has to be looked at.
        raise StepError(
            "Archipelago's {0} did not stay up; their logs end with: {1}".format(
                ", ".join(dead), "; ".join(_last_line(ctx, peer) for peer in PEERS)
            )
        )


def most_mib(ctx):
    """MiB that the segment may have: three quarters of /dev/shm, and half of a small memory."""
    space = os.statvfs(ctx.path("/dev/shm"))
    # Others use it too, PostgreSQL among them.
    limit = space.f_blocks * space.f_frsize // (1024 * 1024) * 3 // 4
    memory = int(re.search(r"MemTotal:\s+(\d+)", files.read(ctx.path("/proc/meminfo"))).group(1))
    if memory // 1024 < AMPLE_MIB:
        limit = min(limit, memory // 2048)
    if limit < LEAST_MIB:
        raise StepError(
            "Archipelago needs {0} MiB of shared memory, /dev/shm and the memory of "
            "this machine allow {1}: give it more".format(LEAST_MIB, limit)
        )
    return limit


def _segment(ctx):
    found = SEGMENT.search(files.read(ctx.path(CONF)))
    if not found:
        raise StepError("{0} has no SEGMENT_SIZE".format(CONF))
    return int(found.group(1))


def _stop(ctx):
    if ctx.services.has("gunicorn") and ctx.services.running("gunicorn"):
        ctx.services.stop("gunicorn")
    # Starting what runs in part is an error (exit 255).
    if len(_dead(ctx)) < len(PEERS):
        ctx.services.stop("archipelago")


def _dead(ctx):
    return [
        peer
        for peer in PEERS
        if not daemons.runs(ctx, "/var/run/archipelago/{0}.pid".format(peer), "archip-")
    ]


def _last_line(ctx, peer):
    lines = files.read(ctx.path("/var/log/archipelago/{0}.log".format(peer))).splitlines()
    return "{0}: {1}".format(peer, lines[-1][:200] if lines else "(nothing)")

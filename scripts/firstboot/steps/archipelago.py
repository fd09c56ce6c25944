"""Start Archipelago, after the shared storage is there. Its shared memory must fit this machine.

The size of that segment is the site's and in the image, but how much memory the machine has is
known only here (docs/synnefo.md S10.4). The start command says 0 even when a peer failed, so the
peers are looked at (S10.1). Gunicorn, if it runs, holds the segment open and is stopped first.
"""

import os
import re

from engine import daemons, files
from engine.failures import StepError

GUIDE = ("G055", "G084")
SERVICES = ("archipelago-boot",)

CONF = "/etc/archipelago/archipelago.conf"
SEGMENT = re.compile(r"^SEGMENT_SIZE\s*=\s*(\d+)[ \t]*$", re.MULTILINE)
# What archipelago-boot waits for at later boots.
FOLDERS = re.compile(r"^(?:archip_dir|lock_dir) *= *(\S+)", re.MULTILINE)
STORAGE_SECONDS = 1500
PEERS = ("blockerb", "blockerm", "mapperd", "vlmcd")


def done(ctx):
    return not _dead(ctx)


def run(ctx):
    segment, limit = _segment(ctx), most_mib(ctx)
    if segment > limit:
        raise StepError(
            "Archipelago's segment is to have {0} MiB (archipelago_segment_mib of the site), and "
            "/dev/shm of this machine allows {1}: give the machine {2} MiB of memory, or lower the "
            "variable and bake again".format(segment, limit, segment * 8 // 3 + 1)
        )
    _wait_for_storage(ctx)
    _stop(ctx)
    ctx.services.start("archipelago-boot")
    dead = _dead(ctx)
    if dead:
        # When one fails the others are stopped, so that each log has to be looked at.
        raise StepError(
            "Archipelago's {0} did not stay up; their logs end with: {1}".format(
                ", ".join(dead), "; ".join(_last_line(ctx, peer) for peer in PEERS)
            )
        )


def most_mib(ctx):
    """MiB that the segment may have: three quarters of /dev/shm, which is half of the memory."""
    space = os.statvfs(ctx.path("/dev/shm"))
    # Others use it too, PostgreSQL among them.
    return space.f_blocks * space.f_frsize // (1024 * 1024) * 3 // 4


def _wait_for_storage(ctx):
    """Where the nodes share a volume instead of a mount, nothing else waits for its owner."""
    folders = FOLDERS.findall(files.read(ctx.path(CONF)))

    def missing():
        return [folder for folder in folders if not os.path.isdir(ctx.path(folder))]

    if missing():
        owner = ctx.host_of("nfs-server")["name"]
        ctx.wait(
            "{0} storage, of which {1} is missing".format(owner, missing()[0]),
            lambda: not missing(),
            STORAGE_SECONDS,
            every=3,
        )


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
        ctx.services.stop("archipelago-boot")


def _dead(ctx):
    return [
        peer
        for peer in PEERS
        if not daemons.runs(ctx, "/var/run/archipelago/{0}.pid".format(peer), "archip-")
    ]


def _last_line(ctx, peer):
    lines = files.read(ctx.path("/var/log/archipelago/{0}.log".format(peer))).splitlines()
    return "{0}: {1}".format(peer, lines[-1][:200] if lines else "(nothing)")

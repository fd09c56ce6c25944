"""Share the storage of Archipelago. The server needs a running rpcbind, so it starts here.

Early in the order: the other node waits for it.
"""

import os

from engine import files, probe
from engine.failures import StepError, StepSkipped

GUIDE = ("G049",)
SERVICES = ("rpcbind", "nfs-common", "nfs-kernel-server")

EXPORTED = "/srv/archip"
# What the kernel has exported (exportfs(8)).
TABLE = "/var/lib/nfs/etab"
NFS_PORT = 2049


def done(ctx):
    return probe.tcp(ctx.node["address"], NFS_PORT) and EXPORTED in files.read(ctx.path(TABLE))


def run(ctx):
    use_shared_folder(ctx)
    ctx.run(["modprobe", "nfsd"])
    # rpcbind first: the others register with it (docs/wheezy.md W13.11).
    for service in SERVICES:
        ctx.services.start(service)
    ctx.wait("the NFS server", lambda: done(ctx), 60)


def use_shared_folder(ctx):
    """Where there can be no NFS: skip the step if the nodes share the folder in another way."""
    reason = ctx.absent("nfsd")
    if not reason:
        return
    # vermin means Windows, where Python 2 had no ismount.
    if not os.path.ismount(ctx.path(EXPORTED)):  # novermin
        raise StepError(
            "{0}, and {1} is not a volume that the nodes share".format(reason, EXPORTED)
        )
    raise StepSkipped("{0}; the nodes share a volume at {1}".format(reason, EXPORTED))

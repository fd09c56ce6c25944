"""Share the storage of Archipelago. The server needs a running rpcbind, so it starts here.

Early in the order: the other node waits for it.
"""

from engine import files, probe
from engine.failures import StepSkipped

GUIDE = ("G049",)
SERVICES = ("rpcbind", "nfs-common", "nfs-kernel-server")

EXPORTED = "/srv/archip"
# What the kernel has exported (exportfs(8)).
TABLE = "/var/lib/nfs/etab"
NFS_PORT = 2049


def done(ctx):
    return probe.tcp(ctx.node["address"], NFS_PORT) and EXPORTED in files.read(ctx.path(TABLE))


def run(ctx):
    loaded = ctx.run(["modprobe", "nfsd"], check=False)
    if loaded.code != 0 and "nfsd" not in files.read("/proc/filesystems"):
        raise StepSkipped("the kernel here has no NFS server: " + loaded.text.strip())
    # rpcbind first: the others register with it (facts/wheezy.md 14.21).
    for service in SERVICES:
        ctx.services.start(service)
    ctx.wait("the NFS server", lambda: done(ctx), 60)

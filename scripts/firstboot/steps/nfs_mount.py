"""Mount the storage that another node exports, now and at every boot.

The guide mounts it once by hand (docs/synnefo.md S15.17). At boot the mount goes on in the
background when the server is not there yet, so that the two nodes can start in any order.
"""

from engine import files, probe

from steps.nfs_export import NFS_PORT, use_shared_folder

GUIDE = ("G081",)
SERVICES = ("rpcbind", "nfs-common")
PEER = "nfs-server"

MOUNT_POINT = "/srv/archip"
OPTIONS = "rw,noatime,rsize=131072,wsize=131072"
SERVER_SECONDS = 1200


def done(ctx):
    return served(ctx) and _line(ctx) in files.read(ctx.path("/etc/fstab"))


def served(ctx):
    """Whether it is mounted, with whatever options."""
    mounts = [line.split()[:3] for line in files.read(ctx.path("/proc/mounts")).splitlines()]
    return any(place == MOUNT_POINT and kind[:3] == "nfs" for _, place, kind in mounts)


def run(ctx):
    use_shared_folder(ctx)
    for service in SERVICES:
        ctx.services.start(service)
    server = ctx.host_of("nfs-server")
    ctx.wait(
        "{0} nfs".format(server["name"]),
        lambda: probe.tcp(server["address"], NFS_PORT),
        SERVER_SECONDS,
        every=3,
    )
    fstab = ctx.path("/etc/fstab")
    files.write(fstab, with_mount(files.read(fstab), _line(ctx)))
    if not done(ctx):
        source = _line(ctx).split()[0]
        ctx.run(["mount", "-t", "nfs", "-o", OPTIONS, source, MOUNT_POINT], timeout=300)


def with_mount(fstab, line):
    """`fstab` with `line` as the only one for its mount point."""
    kept = [other for other in fstab.splitlines() if other.split()[1:2] != [MOUNT_POINT]]
    return "\n".join(kept + [line]) + "\n"


def _line(ctx):
    source = "{0}:{1}".format(ctx.host_of("nfs-server")["fqdn"], MOUNT_POINT)
    return " ".join([source, MOUNT_POINT, "nfs", OPTIONS + ",bg,_netdev", "0", "0"])

"""Wait until the master has made this node a member of its cluster.

The master sets up the node daemon over SSH; nothing is to be done here but to let it in.
"""

from engine import ganeti

GUIDE = ()
SERVICES = ("ganeti",)
PEER = "ganeti-master"

MASTER_SECONDS = 1500


def done(ctx):
    return ganeti.allows_files(ctx) and _is_member(ctx)


def run(ctx):
    ganeti.allow_files(ctx)
    if ctx.node["fqdn"] in ganeti.node_names(ctx):
        # A reboot in the middle of first boot: a member already, but the daemon is down.
        ctx.services.start("ganeti")
    master = ctx.host_of("ganeti-master")
    ctx.wait(
        "{0} to add this node to the cluster".format(master["name"]),
        lambda: _is_member(ctx),
        MASTER_SECONDS,
        every=3,
    )
    # The master has started the node daemon alone; confd would wait for the watcher's next round.
    ctx.services.start("ganeti")


def _is_member(ctx):
    named = ctx.node["fqdn"] in ganeti.node_names(ctx)
    return named and ganeti.node_daemon_runs(ctx.node["address"])

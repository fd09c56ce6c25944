"""Add the other nodes to the cluster, several at the same time, as soon as each lets this one in.

The command prepares its node over SSH, which takes most of its time and which Ganeti does not
mind; the job at its end needs the lock of the whole cluster, so the jobs go one after another.

--no-node-setup: our own SSH keys are in place, and 2.10 would overwrite the node's with the
master's (docs/wheezy.md W14.10); 3.0 needs no such telling and says so.
"""

from engine import ganeti, probe
from engine.failures import StepError

GUIDE = ("G173",)
SERVICES = ()
PEER = "ganeti-node"

NODE_SECONDS = 1200
ADD_SECONDS = 900
LIST_SECONDS = 120
# Each is a process of 40 MB on the master, which waits for the others' jobs.
AT_ONCE = 8


def done(ctx):
    return not _others_without(ctx, ganeti.node_names(ctx))


def run(ctx):
    missing = _others_without(ctx, ganeti.member_names(ctx))
    while missing:
        ready = _that_let_us_in(ctx, missing)[:AT_ONCE]
        ctx.run_all(
            [_command(node) for node in ready], "Ganeti to add " + _names(ready), ADD_SECONDS
        )
        missing = [node for node in missing if node not in ready]
    # The command ends before the configuration daemon has told the nodes. On a slow machine that
    # one may lose patience with them, which only its own log tells; so it is asked once more.
    try:
        ctx.wait("Ganeti to list its new nodes", lambda: done(ctx), LIST_SECONDS, every=3)
    except StepError:
        ctx.run(["gnt-cluster", "redist-conf"], timeout=600)
        ctx.wait("Ganeti to list its new nodes", lambda: done(ctx), LIST_SECONDS, every=3)


def _that_let_us_in(ctx, nodes):
    """Those of `nodes` whose SSH server answers, at least one."""
    found = []

    def look():
        found[:] = [node for node in nodes if probe.ssh(node["address"])]
        return found

    ctx.wait("{0} sshd".format(_names(nodes)), look, NODE_SECONDS, every=3)
    return found


def _command(node):
    return [
        "gnt-node",
        "add",
        "--no-ssh-key-check",
        "--no-node-setup",
        "--master-capable=yes",
        "--vm-capable=yes",
        node["fqdn"],
    ]


def _names(nodes):
    return ", ".join(node["name"] for node in nodes)


def _others_without(ctx, members):
    return [node for node in ctx.other_nodes if node["fqdn"] not in members]

"""Add the other nodes to the cluster, as soon as each lets this one in.

--no-node-setup: our own SSH keys are in place, and 2.10 would overwrite the node's with the
master's (guide_bug of G160); 3.0 needs no such telling and says so.
"""

from engine import ganeti, probe
from engine.failures import StepError

GUIDE = ("G173",)
SERVICES = ()

NODE_SECONDS = 1200
LIST_SECONDS = 120


def done(ctx):
    return not _others_without(ctx, ganeti.node_names(ctx))


def run(ctx):
    for node in _others_without(ctx, ganeti.member_names(ctx)):
        _add(ctx, node)
    # The command ends before the configuration daemon has told the nodes. On a slow machine that
    # one may lose patience with them, which only its own log tells; so it is asked once more.
    try:
        ctx.wait("Ganeti to list its new nodes", lambda: done(ctx), LIST_SECONDS, every=3)
    except StepError:
        ctx.run(["gnt-cluster", "redist-conf"], timeout=600)
        ctx.wait("Ganeti to list its new nodes", lambda: done(ctx), LIST_SECONDS, every=3)


def _add(ctx, node):
    ctx.wait(
        "{0} sshd".format(node["name"]), lambda: probe.ssh(node["address"]), NODE_SECONDS, every=3
    )
    ctx.run(
        [
            "gnt-node",
            "add",
            "--no-ssh-key-check",
            "--no-node-setup",
            "--master-capable=yes",
            "--vm-capable=yes",
            node["fqdn"],
        ],
        timeout=900,
    )


def _others_without(ctx, members):
    return [node for node in ctx.other_nodes if node["fqdn"] not in members]

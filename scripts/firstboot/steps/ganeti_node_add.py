"""Add the other nodes to the cluster, as soon as each lets this one in.

--no-node-setup: our own SSH keys are in place, and 2.10 would overwrite the node's with the
master's (guide_bug of G160); 3.0 needs no such telling and says so.
"""

from engine import ganeti, probe

GUIDE = ("G173",)
SERVICES = ()

NODE_SECONDS = 1200
LIST_SECONDS = 300


def done(ctx):
    return not _missing(ctx)


def run(ctx):
    for node in _missing(ctx):
        _add(ctx, node)
    # The command ends before the configuration daemon has written the list that `done` reads.
    ctx.wait("Ganeti to list its new nodes", lambda: done(ctx), LIST_SECONDS)


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


def _missing(ctx):
    members = ganeti.node_names(ctx)
    return [node for node in ctx.other_nodes if node["fqdn"] not in members]

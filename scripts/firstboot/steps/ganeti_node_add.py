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
# Of the files that Ganeti copies to each node as it adds it (ganeti: lib/cmdlib/common.py,
# ComputeAncillaryFiles), those that the master has from the beginning.
COPIED = tuple(
    ganeti.DATA + "/" + name for name in ("known_hosts", "hmac.key", "cluster-domain-secret")
)


def done(ctx):
    return _are_listed(ctx) and _have_copies(ctx)


def _are_listed(ctx):
    return not _others_without(ctx, ganeti.node_names(ctx))


def _have_copies(ctx):
    """Whether every other node has what Ganeti copies to it. A copy that fails is a warning of the
    job and no more, and a node that takes five seconds to accept the connection fails it (ganeti:
    lib/rpc/node.py); the copy is then missing until somebody has it sent again."""
    test = " && ".join("test -s " + path for path in COPIED)
    asked = [["ssh", "-o", "BatchMode=yes", node["fqdn"], test] for node in ctx.other_nodes]
    return all(ctx.run(argv, check=False).code == 0 for argv in asked)


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
        _wait_until_listed(ctx)
    except StepError:
        _send_again(ctx)
    if not _have_copies(ctx):
        _send_again(ctx)


def _send_again(ctx):
    ctx.run(["gnt-cluster", "redist-conf"], timeout=600)
    _wait_until_listed(ctx)


def _wait_until_listed(ctx):
    ctx.wait("Ganeti to list its new nodes", lambda: _are_listed(ctx), LIST_SECONDS, every=3)


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

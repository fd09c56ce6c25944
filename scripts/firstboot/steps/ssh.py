"""Start the SSH server: the other node and the operator need it while first boot goes on.

It is part of first boot because without keys and network it cannot start (docs/wheezy.md W9.4).
"""

from engine import probe

GUIDE = ()
SERVICES = ("ssh",)


def done(ctx):
    return probe.ssh(ctx.node["address"])


def run(ctx):
    ctx.services.start("ssh")
    ctx.wait("sshd to greet", lambda: done(ctx), 60)

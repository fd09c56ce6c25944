"""Start Apache, which needs this node's certificate and key.

Early: until the applications answer, visitors are told by a page that they will.
"""

from engine import probe

GUIDE = ("G123", "G146")
SERVICES = ("apache2",)


def done(ctx):
    return probe.tcp(ctx.node["address"], 443)


def run(ctx):
    ctx.services.start("apache2")
    ctx.wait("Apache on port 443", lambda: done(ctx), 60)

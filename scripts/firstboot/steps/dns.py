"""Start dnsmasq, which serves the site's names, and use it on this node too.

It listens on the node's address, which only first boot gives it.
"""

from engine import probe

from steps import resolver

GUIDE = ("G058", "G063")
SERVICES = ("dnsmasq",)


def done(ctx):
    return resolver.done(ctx) and served(ctx)


def run(ctx):
    if not served(ctx):
        # Running without an answer, it has not seen the node's address.
        begin = ctx.services.restart if ctx.services.running("dnsmasq") else ctx.services.start
        begin("dnsmasq")
        ctx.wait("dnsmasq to know this node", lambda: served(ctx), 30)
    resolver.run(ctx)


def served(ctx):
    """Whether it knows this node."""
    return probe.dns(ctx.node["address"], ctx.node["fqdn"]) == ctx.node["address"]

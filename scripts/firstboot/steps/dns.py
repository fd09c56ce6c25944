"""Start dnsmasq, which serves the site's names, and use it on this node too.

It listens on the node's address, which only first boot gives it.
"""

from engine import probe

from steps import resolver

GUIDE = ("G058", "G063")
SERVICES = ("dnsmasq",)


def done(ctx):
    return resolver.done(ctx) and _answers(ctx)


def run(ctx):
    if not _answers(ctx):
        # Running without an answer, it has not seen the node's address.
        begin = ctx.services.restart if ctx.services.running("dnsmasq") else ctx.services.start
        begin("dnsmasq")
        ctx.wait("dnsmasq to know this node", lambda: _answers(ctx), 30)
    resolver.run(ctx)


def _answers(ctx):
    return probe.dns(ctx.node["address"], ctx.node["fqdn"]) == ctx.node["address"]

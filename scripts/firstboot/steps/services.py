"""Have the services start at boot by themselves from now on.

The last step: a node whose first boot was cut short must not run what is half configured. Those
with changed settings that no step has restarted are, too.
"""

GUIDE = ()
SERVICES = ()


def done(ctx):
    return not _disabled(ctx) and not ctx.services.outdated()


def run(ctx):
    for name in _disabled(ctx):
        ctx.services.enable(name)
    ctx.services.renew(ctx.services.names())


def _disabled(ctx):
    return [name for name in ctx.services.names() if not ctx.services.enabled(name)]

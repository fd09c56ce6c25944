"""A step with a bug."""

GUIDE = ()
SERVICES = ()


def done(ctx):
    return {}["missing"]


def run(ctx):
    ctx.log("never reached")

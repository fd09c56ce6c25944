"""Start the time service. What it asks and serves depends on the site's other hosts being there.

Never waits for the time: a node without a time source must come up too. But no clock is right that
is earlier than the site's certificates, as one with an empty battery is (docs/wheezy.md W8.4).
"""

import time

from engine.failures import StepSkipped

GUIDE = ()
SERVICES = ("ntp",)


def done(ctx):
    return _clock_is_possible(ctx) and ctx.services.running("ntp")


def run(ctx):
    if ctx.absent("clock"):
        raise StepSkipped(ctx.absent("clock"))
    at_boot(ctx)
    ctx.services.start("ntp")


def at_boot(ctx):
    """An empty battery is empty at every boot."""
    if not ctx.absent("clock") and not _clock_is_possible(ctx):
        ctx.run(["date", "-u", "-s", "@{0}".format(ctx.seed["not_before"])])


def _clock_is_possible(ctx):
    return time.time() >= ctx.seed["not_before"]

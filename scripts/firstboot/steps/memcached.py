"""Start memcached. It has no state; first boot starts it with the rest of its role."""

GUIDE = ()
SERVICES = ("memcached",)


def done(ctx):
    return ctx.services.running("memcached")


def run(ctx):
    ctx.services.start("memcached")
    # Its init script does not wait until the process is there.
    ctx.wait("memcached's process", lambda: done(ctx), 60)

"""Begin to start the message broker, which is slow, and go on; step `rabbitmq` waits for it.

The cookie is full control over the broker, so it cannot be in an image; Erlang would make itself a
weak one (docs/wheezy.md W13.2). The configuration names the site's user as the default one, so that
a broker without data makes it, with its tag and permissions, instead of `guest`.
"""

from engine import files, probe

GUIDE = ()
SERVICES = ("rabbitmq-server",)

COOKIE = "/var/lib/rabbitmq/.erlang.cookie"
PORT = 5672


def done(ctx):
    return _has_cookie(ctx) and runs()


def run(ctx):
    if not _has_cookie(ctx):
        # One that runs is told to stop with the cookie that it has.
        if runs():
            ctx.services.stop("rabbitmq-server")
        files.write(*_cookie(ctx))
    ctx.services.start_in_background("rabbitmq-server")
    ctx.wait("the message broker's process", runs, 60, every=0.2)


def listens(ctx):
    """Whether the broker serves clients."""
    return probe.tcp(ctx.node["address"], PORT)


def runs():
    """Whether the broker runs or is about to; Erlang's name daemon stays when a broker ends."""
    return probe.process_of("rabbitmq", without=("epmd",))


def _has_cookie(ctx):
    return files.is_written(*_cookie(ctx))


def _cookie(ctx):
    return ctx.path(COOKIE), ctx.secret("rabbitmq_cookie"), 0o400, "rabbitmq", "rabbitmq"

"""Begin to start the message broker, which is slow, and go on; step `rabbitmq` waits for it.

The cookie is full control over the broker, so it cannot be in an image; Erlang would make itself a
weak one (facts/wheezy.md 14.4). The configuration names the site's user as the default one, so that
a broker without data makes it, with its tag and permissions, instead of `guest`.
"""

from engine import files, probe

GUIDE = ()
SERVICES = ("rabbitmq-server",)

COOKIE = "/var/lib/rabbitmq/.erlang.cookie"
PORT = 5672


def done(ctx):
    return _has_cookie(ctx) and probe.tcp(ctx.node["address"], PORT)


def run(ctx):
    if not _has_cookie(ctx):
        files.write(*_cookie(ctx))
    ctx.services.start_in_background("rabbitmq-server")


def _has_cookie(ctx):
    return files.is_written(*_cookie(ctx))


def _cookie(ctx):
    return ctx.path(COOKIE), ctx.secret("rabbitmq_cookie"), 0o400, "rabbitmq", "rabbitmq"

"""Start the applications, once their tables, settings and storage are there.

An application that cannot start leaves a server that listens for a while, so it is asked something.
"""

import os

from engine import files, probe, sql, web

GUIDE = ("G122", "G145", "G257", "G287")
SERVICES = ("gunicorn",)
NEEDS = "postgresql"

ADDRESS = ("127.0.0.1", 8080)
SECONDS = 300
LOG = "/var/log/synnefo/gunicorn.log"


def done(ctx):  # noqa: ARG001, each step takes it
    return web.answers(*ADDRESS)


def served(ctx):
    """The applications answer some pages without their database, and serve nobody."""
    return done(ctx) and probe.tcp(ctx.host_of(NEEDS)["address"], sql.PORT)


def run(ctx):
    _own_log(ctx.path(LOG))
    # Whatever runs has not answered.
    ctx.services.restart("gunicorn")
    ctx.wait(
        "the applications to answer on port 8080 (log: {0})".format(LOG),
        lambda: done(ctx) or _start_again(ctx),
        SECONDS,
        every=3,
    )


def _start_again(ctx):
    """One that ended at once may stay the next time: the other nodes get their settings, too."""
    if not ctx.services.running("gunicorn"):
        ctx.services.start("gunicorn")
    return False


def _own_log(path):
    """A gunicorn of that time drops its umask as it becomes a daemon, before it opens its log: one
    that it made would be everybody's to write (seen with gunicorn 18: mode 0666)."""
    if os.path.exists(path):
        os.chmod(path, 0o660)
    else:
        files.write(path, "", 0o660, group="synnefo")

"""Start the applications, once their tables, settings and storage are there.

An application that cannot start leaves a server that listens for a while, so it is asked something.
"""

from engine import web

GUIDE = ("G122", "G145", "G257", "G287")
SERVICES = ("gunicorn",)

ADDRESS = ("127.0.0.1", 8080)
SECONDS = 300


def done(ctx):  # noqa: ARG001, each step takes it
    return web.answers(*ADDRESS)


def run(ctx):
    # Whatever runs has not answered.
    ctx.services.restart("gunicorn")
    ctx.wait(
        "the applications to answer on port 8080 (log: /var/log/synnefo/gunicorn.log)",
        lambda: done(ctx),
        SECONDS,
    )

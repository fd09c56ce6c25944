"""Start the dispatcher, which writes into the database what the broker tells of Ganeti.

It needs the tables and the broker, and makes the exchanges there itself.
"""

from engine import daemons

GUIDE = ("G259",)
SERVICES = ("snf-dispatcher",)

PID_FILE = "/var/run/synnefo/snf-dispatcher.pid"


def done(ctx):
    return daemons.runs(ctx, PID_FILE, "snf-dispatcher")


def run(ctx):
    ctx.services.start("snf-dispatcher")
    ctx.wait(
        "snf-dispatcher's process (log: /var/log/synnefo/dispatcher.log)", lambda: done(ctx), 60
    )

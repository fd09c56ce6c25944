"""Start the DHCP server of the machines; it listens on a queue of the kernel that now runs."""

from engine import daemons
from engine.failures import StepSkipped

GUIDE = ("G199",)
SERVICES = ("nfdhcpd",)

PID_FILE = "/var/run/nfdhcpd/nfdhcpd.pid"


def done(ctx):
    return daemons.runs(ctx, PID_FILE, "nfdhcpd")


def run(ctx):
    if ctx.absent("nfqueue"):
        raise StepSkipped(ctx.absent("nfqueue"))
    ctx.services.start("nfdhcpd")
    ctx.wait("nfdhcpd's process", lambda: done(ctx), 30)

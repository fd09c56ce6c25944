"""Start what tells the broker of Ganeti's jobs. Only the master of the cluster runs it.

On another node its init script starts nothing and says 0 (docs/synnefo.md S13.3); there it is only
released, so that it runs when that node becomes the master.
"""

from engine import daemons, ganeti

GUIDE = ("G262",)
SERVICES = ("snf-ganeti-eventd",)

PID_FILE = "/var/run/snf-ganeti-eventd.pid"


def done(ctx):
    if ganeti.master_name(ctx) != ctx.node["fqdn"]:
        return True
    return daemons.runs(ctx, PID_FILE, "snf-ganeti-eventd")


def run(ctx):
    ctx.services.start("snf-ganeti-eventd")
    ctx.wait(
        "snf-ganeti-eventd's process (log: /var/log/snf-ganeti-eventd.log)", lambda: done(ctx), 60
    )

"""Keep DRBD's metadata in the same volume group, at the level of the node group too.

The cluster's level is set by `ganeti_init`, as an option of the command that it runs anyway.
"""

from engine import ganeti
from engine.failures import StepSkipped

from steps import drbd

GUIDE = ("G174", "G175")
SERVICES = ()
PEER = "ganeti-node"

GROUP = "default"


def done(ctx):
    config = ganeti.config(ctx) or {"cluster": {}, "nodegroups": {}}
    groups = [group for group in config["nodegroups"].values() if group["name"] == GROUP]
    return all(_has(ctx, place) for place in [config["cluster"]] + groups)


def run(ctx):
    if not drbd.done(ctx):
        raise StepSkipped("the cluster does without DRBD")
    parameter = "--disk-parameters=drbd:metavg=" + ctx.seed["volume_group"]["name"]
    if not _has(ctx, (ganeti.config(ctx) or {"cluster": {}})["cluster"]):
        ctx.run(["gnt-cluster", "modify", parameter], timeout=600)
    ctx.run(["gnt-group", "modify", parameter, GROUP], timeout=600)
    ctx.wait("Ganeti to write its configuration", lambda: done(ctx), 60)


def _has(ctx, place):
    wanted = ctx.seed["volume_group"]["name"]
    return place.get("diskparams", {}).get("drbd", {}).get("metavg") == wanted

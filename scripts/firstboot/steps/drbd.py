"""Load the DRBD module. Its options are in the image; the running kernel is not.

`gnt-cluster init` insists on the usermode helper /bin/true (docs/wheezy.md W13.13).
"""

from engine import files
from engine.failures import StepError, StepSkipped

GUIDE = ("G170",)
SERVICES = ()

HELPER = "/sys/module/drbd/parameters/usermode_helper"
WANTED = "/bin/true"


def done(ctx):
    return files.read(ctx.path(HELPER)).strip() == WANTED


def run(ctx):
    if ctx.absent("drbd"):
        raise StepSkipped(ctx.absent("drbd"))
    found = files.read(ctx.path(HELPER)).strip()
    if found:
        # Loaded by something else without the options, which are only read when it loads.
        ctx.run(["modprobe", "-r", "drbd"])
    loaded = ctx.run(
        ["modprobe", "drbd", "minor_count=255", "usermode_helper=" + WANTED], check=False
    )
    if loaded.code != 0:
        raise StepError("the DRBD module cannot be loaded: " + loaded.text.strip())

"""Whether a node that is set up serves, asked at every later boot as first boot asks.

Init starts the daemons beside this, and nothing is changed here. Of a step that has SERVICES,
`served(ctx)` is asked, or `done(ctx)` where it has none. A step that this machine skipped at its
first boot is not asked. A node without its seed is asked by its init scripts.
"""

from engine import runner
from engine.failures import StepError

EVERY_SECONDS = 3


def prepare(ctx, names):
    """What must be so before the daemons start: `at_boot(ctx)` of each step that has it."""
    for name in names:
        at_boot = getattr(runner.load(name), "at_boot", None)
        if at_boot and ctx.seed:
            at_boot(ctx)


def wait(ctx, state, names, begin):
    """Wait until all services serve; `begin(name, number)` tells whose turn it is.

    Raises StepError when the context's time is over.
    """
    for number, name in enumerate(names, 1):
        step = runner.load(name)
        if step.SERVICES and not state.was_skipped(ctx.instance, name):
            begin(name, number)
            _wait(ctx, step)


def _wait(ctx, step):
    ctx.wait(_reason(ctx, step), lambda: _serves(ctx, step), ctx.left(), EVERY_SECONDS)


def _reason(ctx, step):
    said, role = " and ".join(step.SERVICES), getattr(step, "PEER", "")
    if ctx.seed and role and ctx.host_of(role)["name"] != ctx.node["name"]:
        said += " (which needs {0})".format(ctx.host_of(role)["name"])
    return said


def _serves(ctx, step):
    ctx.memory.clear()
    try:
        if ctx.seed:
            return getattr(step, "served", step.done)(ctx)
        return all(ctx.services.running(name) for name in step.SERVICES)
    except StepError as error:
        # As while a daemon starts.
        ctx.log("not served: {0}".format(error))
        return False

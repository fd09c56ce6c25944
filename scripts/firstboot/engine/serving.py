"""Whether a node that is set up serves, asked at every later boot as first boot asks.

Init starts the daemons beside this, and nothing is changed here but for what a daemon tries once
and gives up (steps/ganeti_init.py), or cannot start on (steps/rabbitmq.py). Of a step that has
SERVICES, `served(ctx)` is asked, or `done(ctx)` where it has none. A step that this machine skipped
at its first boot is not asked. Without its seed a node asks by what it keeps of it, and the init
script of what only a secret opens.
"""

from engine import runner
from engine.failures import NoSecretError, StepError

EVERY_SECONDS = 3


def prepare(ctx, names):
    """What must be so before the daemons start: `at_boot(ctx)` of each step that has it."""
    for name in names:
        at_boot = getattr(runner.load(name), "at_boot", None)
        if at_boot:
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
    said = " and ".join(step.SERVICES)
    role = getattr(step, "PEER", "") or getattr(step, "NEEDS", "")
    if role and ctx.host_of(role)["name"] != ctx.node["name"]:
        said += " (which needs {0})".format(ctx.host_of(role)["name"])
    return said


def _serves(ctx, step):
    ctx.memory.clear()
    try:
        return _asked(ctx, step)
    except StepError as error:
        # As while a daemon starts.
        ctx.log("not served: {0}".format(error))
        return False


def _asked(ctx, step):
    try:
        return getattr(step, "served", step.done)(ctx)
    except NoSecretError:
        return all(ctx.services.running(name) for name in step.SERVICES)

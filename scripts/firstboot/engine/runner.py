"""Run the steps in order, and stop at the first that fails.

One that is OPTIONAL is put off when it fails: it comes again when all others are done, and only
then is its failure that of the run. One with a PEER, a role that another node may carry, is tried
again until first boot's own time is over: that node may be away, or rebooting. One that is
EVEN_AFTER_FAILURE also runs when the run stops before its turn.

What a step's services have read is theirs again before anything is asked of them. Before a step
runs, `done` is asked, and `done` looks at the system and not at a marker: after a
power cut at any moment the next run converges, and nothing is done twice.
"""

import importlib
import time
import traceback

from engine import files, space
from engine.failures import CommandError, StepError, StepSkipped

RETRY_PAUSE_SECONDS = 15
RESUME = "resume with: firstboot resume"


def run(ctx, state, report, names):
    """Take each step of `names` to its end; whether all went well. Never raises."""
    later = []
    for number, name in enumerate(names, 1):
        report.begin(name, number)
        try:
            _run_step(ctx, state, report, name)
        except Exception as error:
            if not _is_optional(name):
                _fail(ctx, report, names, name, error)
                return False
            ctx.log(traceback.format_exc())
            report.waiting("put off until the rest is done: {0}".format(error))
            later.append((number, name))
    return _run_again(ctx, state, report, names, later)


def _run_again(ctx, state, report, names, later):
    for number, name in later:
        report.begin(name, number)
        try:
            _run_step(ctx, state, report, name)
        except Exception as error:
            _fail(ctx, report, names, name, error)
            return False
    report.finish(True, "all steps done")
    return True


def _is_optional(name):
    try:
        return getattr(load(name), "OPTIONAL", False)
    except StepError:
        return False


def load(name):
    """The module of step `name`. Raises StepError when there is none."""
    try:
        return importlib.import_module("steps." + name)
    except ImportError as error:
        raise StepError("no step file steps/{0}.py can be loaded ({1})".format(name, error))


def _run_step(ctx, state, report, name):
    step = load(name)
    try:
        detail = _succeed(ctx, report, step)
        state.mark(ctx.instance, name, detail or "done")
        report.end("done", detail)
    except StepSkipped as reason:
        state.mark_skipped(ctx.instance, name, str(reason))
        report.end("skipped", str(reason))


def _succeed(ctx, report, step):
    """Its detail when it is done. Raises what its last attempt raised."""
    while True:
        try:
            return _attempt(ctx, report, step)
        except StepError as error:
            if not getattr(step, "PEER", "") or ctx.left() < RETRY_PAUSE_SECONDS:
                raise
            ctx.log(traceback.format_exc())
            report.again("tried again in {0} s: {1}".format(RETRY_PAUSE_SECONDS, error))
            ctx.memory.clear()
            time.sleep(RETRY_PAUSE_SECONDS)


def _attempt(ctx, report, step):
    ctx.services.renew(step.SERVICES)
    if step.done(ctx):
        return "already so"
    report.running()
    step.run(ctx)
    if not step.done(ctx):
        raise StepError("it ran without an error, yet the system is not as it should be")
    return ""


def _settle(ctx, names):
    """Run the steps of `names` that are EVEN_AFTER_FAILURE: what they do must not wait until the
    operator has mended something. They come again at their turn."""
    for name in names:
        try:
            step = load(name)
            if getattr(step, "EVEN_AFTER_FAILURE", False) and not step.done(ctx):
                step.run(ctx)
        except Exception:
            ctx.log(traceback.format_exc())


def _fail(ctx, report, names, name, error):
    ctx.log(traceback.format_exc())
    _settle(ctx, names)
    known = isinstance(error, StepError)
    message = str(error) if known else "{0}: {1}".format(type(error).__name__, error)
    # First, since the console cuts what is long.
    message = files.cut("; ".join(filter(None, [space.missing(ctx, message), message])), 0, None)
    report.end("failed", message)
    report.finish(
        False,
        "step {0}: {1}; {2}".format(name, message, RESUME),
        {
            "step": name,
            "message": message,
            "command": error.command if isinstance(error, CommandError) else None,
            "code": error.code if isinstance(error, CommandError) else None,
            "resume": "firstboot resume",
            "log": "/var/log/firstboot.log",
        },
    )

"""A step that this machine cannot do."""

from engine.failures import StepSkipped

GUIDE = ()
SERVICES = ()


def done(ctx):
    return False


def run(ctx):
    raise StepSkipped("no such module here")

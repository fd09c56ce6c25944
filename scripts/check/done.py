"""Whether what first boot did still stands: each step's own `done` is asked; nothing changes.

It looks at the system and not at markers, and at what the next boot would read: network, names,
keys, mounts, databases, accounts (scripts/firstboot/engine/runner.py).
"""

import sys

from guest import run, text

CODE = "/usr/lib/firstboot"
IMAGE = "/etc/golden/image.json"
SECONDS = 600


def verdict(step, ctx, journal):
    """ "" when `done` says yes, else why not."""
    try:
        return "" if step.done(ctx) else "no longer so: " + step.__doc__.partition("\n")[0]
    # Whatever it is: one step that cannot look must not keep the others from it.
    except Exception as error:
        return journal.redacted("{0}: {1}".format(type(error).__name__, error))[-400:]


def mount(argv):
    """Mount or unmount the seed's disk. Raises ValueError."""
    code, out = run(argv)
    if code != 0:
        raise ValueError(" ".join(out.split())[-300:])


def main(request):
    """{step: "" or what is wrong} of request["steps"]; "no seed: ..." of all when that is away."""
    sys.path.insert(0, CODE)
    sys.dont_write_bytecode = True
    try:
        from engine import clock, files, runner, seed
        from engine.context import Context
        from engine.journal import Journal

        try:
            found = seed.find(mount)
        except (seed.StepError, ValueError) as error:
            return {name: "no seed: {0}".format(error) for name in request["steps"]}
        journal = Journal("/dev/null")
        journal.hide(found.secret_texts())
        image = files.from_json(text(IMAGE))
        ctx = Context(image, found, journal, clock.uptime() + SECONDS)
        return {name: verdict(runner.load(name), ctx, journal) for name in request["steps"]}
    finally:
        sys.path.remove(CODE)

"""`firstboot` itself in a world, with the sample steps among the real ones."""

import json
import os
import sys

import firstboot
import steps

steps.__path__.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "sample_steps"))


def first_boot(world, *arguments):
    """Run `firstboot` in the world; its exit code."""
    world.save()
    os.environ["FIRSTBOOT_ROOT"] = world.root
    # A test waits for what init leaves alone.
    world.patch(firstboot, "in_background", lambda root, work: firstboot.guarded(root, work))
    out, sys.stdout = sys.stdout, open(world.path("stdout"), "ab" if str is bytes else "a")
    try:
        return firstboot.main(list(arguments) or ["run"])
    finally:
        sys.stdout.close()
        sys.stdout = out


def result(world):
    return json.loads(world.get("var/lib/firstboot/result.json"))

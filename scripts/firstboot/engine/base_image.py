"""The image that new machines are made of, as the site names it.

`base_image` is an URL or a path on the host that baked: its file is in the node's image, and beside
it, with .meta appended, its metadata, a JSON file as kamaki takes it (scripts/bake/base-image.sh).
The word `tiny` stands for the image of engine/tiny_image.py. Without the variable the site
registers no image.
"""

import os

from engine.failures import StepSkipped

FOLDER = "/srv/images"
TINY = "tiny"


def source(ctx):
    """The path, the URL or TINY. Raises StepSkipped where the site has none."""
    found = ctx.variable("base_image", "")
    if not found:
        raise StepSkipped("the site names no base_image")
    return found


def path(ctx):
    """Where the image is on each node."""
    found = source(ctx)
    return FOLDER + "/" + ("tiny.diskdump" if found == TINY else os.path.basename(found))


def name(ctx):
    """The name under which it is registered."""
    return ctx.variable("base_image_name", "Debian Base")

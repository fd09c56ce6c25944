"""The image that new machines are made of, as the site names it.

`base_image` is a path on the node or an URL; beside it, with .meta appended, is its metadata, a
JSON file as kamaki takes it. Without the variable the site registers no image.
"""

import os

from engine.failures import StepSkipped

FOLDER = "/srv/images"


def source(ctx):
    """The path or URL. Raises StepSkipped where the site has none."""
    found = ctx.variable("base_image", "")
    if not found:
        raise StepSkipped("the site names no base_image")
    return found


def path(ctx):
    """Where the image is on each node."""
    return FOLDER + "/" + os.path.basename(source(ctx))


def name(ctx):
    """The name under which it is registered."""
    return ctx.variable("base_image_name", "Debian Base")

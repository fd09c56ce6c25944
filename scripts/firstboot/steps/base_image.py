"""Make the site's base image where it is the tiny one, and show it to snf-image by its name.

Any other was put into the node's image while baking: fetched here, in the middle of first boot, a
host that does not answer would leave the node half set up, as the guide's G210 does.
"""

import os

from engine import base_image, files, tiny_image
from engine.failures import StepError

GUIDE = ("G184", "G186", "G210", "G271", "G281")
SERVICES = ()
# The cloud is whole without it, and a user can register an image, too.
OPTIONAL = True

LOCAL = "/var/lib/snf-image"
META = ".meta"


def done(ctx):
    path = ctx.path(base_image.path(ctx))
    return os.path.exists(path) and os.path.exists(path + META) and _is_linked(ctx)


def run(ctx):
    source, path = base_image.source(ctx), ctx.path(base_image.path(ctx))
    if source == base_image.TINY:
        files.make_folder(os.path.dirname(path))
        tiny_image.make(ctx, path)
        files.write(path + META, tiny_image.metadata())
    for end in ("", META):
        if not os.path.exists(path + end):
            raise StepError(
                "{0} is not on this node: it was baked before the site named the base_image {1}; "
                "bake again".format(base_image.path(ctx) + end, source)
            )
    if not _is_linked(ctx):
        link = _link(ctx)
        files.make_folder(os.path.dirname(link))
        files.remove(link)
        os.symlink(base_image.path(ctx), link)


def _link(ctx):
    return ctx.path(LOCAL + "/" + os.path.basename(base_image.path(ctx)))


def _is_linked(ctx):
    # A file of its own there is as good.
    link = _link(ctx)
    if os.path.islink(link):
        return os.readlink(link) == base_image.path(ctx)
    return os.path.exists(link)

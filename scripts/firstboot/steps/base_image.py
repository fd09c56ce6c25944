"""Put the site's base image on the node, and show it to snf-image, which takes it by its name.

It may be as large as the node's own image, and is the site's choice. A file that is at its place
already, put there while baking, is only linked.
"""

import os

from engine import base_image, files, tiny_image
from engine.failures import StepError

GUIDE = ("G184", "G186", "G210", "G271", "G281")
SERVICES = ()

LOCAL = "/var/lib/snf-image"
SECONDS = 1500
META = ".meta"


def done(ctx):
    path = ctx.path(base_image.path(ctx))
    return os.path.exists(path) and os.path.exists(path + META) and _is_linked(ctx)


def run(ctx):
    source, path = base_image.source(ctx), ctx.path(base_image.path(ctx))
    files.make_folder(os.path.dirname(path))
    if source == base_image.TINY:
        tiny_image.make(ctx, path)
        files.write(path + META, tiny_image.metadata())
    else:
        for end in ("", META):
            if not os.path.exists(path + end):
                _fetch(ctx, source + end, path + end)
    if not _is_linked(ctx):
        link = _link(ctx)
        files.make_folder(os.path.dirname(link))
        files.remove(link)
        os.symlink(base_image.path(ctx), link)


def _fetch(ctx, source, path):
    if "://" not in source:
        if not os.path.exists(ctx.path(source)):
            raise StepError(
                "the site's base_image {0} is not on this node: put it there, or name "
                "an URL".format(source)
            )
        source = "file://" + ctx.path(source)
    # At its place only when it is whole.
    ctx.run(
        ["curl", "-fsS", "--location", "--retry", "3", "-o", path + ".part", source],
        timeout=SECONDS,
    )
    ctx.run(["sync"])
    os.rename(path + ".part", path)


def _link(ctx):
    return ctx.path(LOCAL + "/" + os.path.basename(base_image.path(ctx)))


def _is_linked(ctx):
    # A file of its own there is as good.
    link = _link(ctx)
    if os.path.islink(link):
        return os.readlink(link) == base_image.path(ctx)
    return os.path.exists(link)

"""Fetch the site's base image, and show it to snf-image for machines made without Cyclades.

It may be as large as the node's own image, and is the site's choice. A file that is on the node
already, put there while baking, is only linked.
"""

import os

from engine import base_image, files
from engine.failures import StepError

GUIDE = ("G184", "G186", "G210", "G271", "G281")
SERVICES = ()

LOCAL = "/var/lib/snf-image"
SECONDS = 1500
META = ".meta"


def done(ctx):
    return all(os.path.exists(ctx.path(path)) for path in _paths(ctx)) and _is_linked(ctx)


def run(ctx):
    source = base_image.source(ctx)
    for end in ("", META):
        path = ctx.path(base_image.path(ctx) + end)
        if not os.path.exists(path):
            _fetch(ctx, source + end, path)
    if not _is_linked(ctx):
        path = _link(ctx)
        files.make_folder(os.path.dirname(path))
        files.remove(path)
        os.symlink(base_image.path(ctx), path)


def _fetch(ctx, source, path):
    files.make_folder(os.path.dirname(path))
    if "://" not in source:
        source = "file://" + ctx.path(source)
        if not os.path.exists(source[len("file://"):]):
            raise StepError("the site's base_image {0} is not on this node: put it there, or name "
                            "an URL".format(source[len("file://"):]))
    # At its place only when it is whole.
    part = path + ".part"
    ctx.run(["curl", "-fsS", "--location", "--retry", "3", "-o", part, source], timeout=SECONDS)
    ctx.run(["sync"])
    os.rename(part, path)


def _paths(ctx):
    path = base_image.path(ctx)
    return path, path + META


def _link(ctx):
    return ctx.path(LOCAL + "/" + os.path.basename(base_image.path(ctx)))


def _is_linked(ctx):
    # A file of its own there is as good.
    link = _link(ctx)
    if os.path.islink(link):
        return os.readlink(link) == base_image.path(ctx)
    return os.path.exists(link)

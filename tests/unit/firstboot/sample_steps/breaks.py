"""A step that fails while there is a file called `broken`."""

import os

GUIDE = ()
SERVICES = ()


def done(ctx):
    return os.path.exists(ctx.path("mended"))


def run(ctx):
    ctx.run(
        [
            "sh",
            "-c",
            "test ! -e {0} || {{ echo no luck; exit 7; }}; touch {1}".format(
                ctx.path("broken"), ctx.path("mended")
            ),
        ]
    )

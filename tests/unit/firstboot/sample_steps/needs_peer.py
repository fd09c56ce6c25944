"""A step that a peer breaks as often as there are lines in the file `peer-down`."""

import os

from engine import files

GUIDE = ()
SERVICES = ()
PEER = "nfs-server"


def done(ctx):
    return os.path.exists(ctx.path("joined"))


def run(ctx):
    left = files.read(ctx.path("peer-down")).splitlines()
    files.write(ctx.path("peer-down"), "\n".join(left[1:]))
    ctx.run(["sh", "-c", "echo ssh: no route to n2; exit 1" if left else "exit 0"])
    files.write(ctx.path("joined"), "")

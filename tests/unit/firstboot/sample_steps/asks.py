"""A step whose service is asked by the seed, and by a secret of it where the file `secret` is."""

import os

from engine import files

GUIDE = ()
SERVICES = ("ssh",)


def done(ctx):
    return bool(files.read(ctx.path("set-up")))


def served(ctx):
    if os.path.exists(ctx.path("secret")):
        ctx.secret("database_password")
    return ctx.node["address"] == "198.51.100.1"


def run(ctx):
    files.write(ctx.path("set-up"), "yes")

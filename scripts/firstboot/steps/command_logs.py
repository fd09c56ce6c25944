"""Remove the logs of Synnefo's commands that hold one of the site's secrets.

snf-manage notes each command with all its words, and passwords and tokens are among those of the
steps before (docs/synnefo.md S4.5).
"""

import os

from engine import files

GUIDE = ()
SERVICES = ()
# Steps before it write them, also those of a first boot that stops.
EVEN_AFTER_FAILURE = True

FOLDER = "/var/log/synnefo/commands"


def done(ctx):
    return not _telling(ctx)


def run(ctx):
    for path in _telling(ctx):
        files.remove(path)


def _telling(ctx):
    folder = ctx.path(FOLDER)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    paths = [os.path.join(folder, name) for name in sorted(names)]
    secrets = list(ctx.seed["secrets"].values())
    return [path for path in paths if any(secret in files.read(path) for secret in secrets)]

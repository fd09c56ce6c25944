"""Put the site's secrets into the rendered files that need them; the image has placeholders there.

Mode and owner stay as the image has them.
"""

import os

from engine import files, quoting
from engine.failures import StepError

GUIDE = ()
SERVICES = ()


def done(ctx):
    return not any(quoting.PLACEHOLDER.search(files.read(path)) for path in _paths(ctx))


def run(ctx):
    for path in _paths(ctx):
        text = files.read(path)
        status = os.stat(path)
        if status.st_mode & 0o004:
            raise StepError(
                "{0} takes a secret, but its mode {1:o} lets everybody read it".format(
                    path, status.st_mode & 0o7777
                )
            )
        filled = quoting.filled(text, ctx.secret)
        if filled != text:
            files.write(
                path,
                filled,
                status.st_mode & 0o7777,
                files.user_name(status.st_uid),
                files.group_name(status.st_gid),
            )


def _paths(ctx):
    return [ctx.path(name) for name in ctx.image.get("secret_files", [])]

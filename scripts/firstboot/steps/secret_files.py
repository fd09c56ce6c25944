"""Put the site's secrets into the rendered files that need them; the image has placeholders there.

Mode and owner stay as the image has them. What it had there is kept: with it a secret that is made
anew later gets into the same files, and whatever has read them is restarted at its turn.
"""

import os

from engine import files, quoting
from engine.failures import StepError

GUIDE = ()
SERVICES = ()

FORMS = "/var/lib/golden/forms"
# Services that read the files of a folder, and only when they start. Others have a step of their
# own for what they read, or read it each time.
READERS = {
    "/etc/synnefo": ("gunicorn", "snf-dispatcher", "snf-ganeti-eventd"),
    "/etc/collectd": ("collectd",),
}


def done(ctx):
    return all(_is_filled(ctx, name) for name in _names(ctx))


def run(ctx):
    for name in _names(ctx):
        path, kept = ctx.path(name), ctx.path(FORMS + name)
        text = files.read(path)
        _refuse_readable(path)
        is_new = bool(quoting.PLACEHOLDER.search(text))
        if is_new:
            files.write(kept, text, 0o600)
        filled = quoting.filled(files.read(kept, text), ctx.secret)
        if filled == text:
            continue
        if not is_new:
            ctx.services.outdate(READERS.get(os.path.dirname(name), ()))
        _replace(path, filled)


def _refuse_readable(path):
    mode = os.stat(path).st_mode
    if mode & 0o004:
        raise StepError(
            "{0} takes a secret, but its mode {1:o} lets everybody read it".format(
                path, mode & 0o7777
            )
        )


def _replace(path, text):
    status = os.stat(path)
    owner, group = files.user_name(status.st_uid), files.group_name(status.st_gid)
    files.write(path, text, status.st_mode & 0o7777, owner, group)


def _is_filled(ctx, name):
    text, form = files.read(ctx.path(name)), files.read(ctx.path(FORMS + name), None)
    if form is None:
        return not quoting.PLACEHOLDER.search(text)
    return quoting.filled(form, ctx.secret) == text


def _names(ctx):
    return ctx.image.get("secret_files", [])

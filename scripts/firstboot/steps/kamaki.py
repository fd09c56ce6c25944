"""Configure root's kamaki with the first user's token, which Astakos made on this site.

What the guide downloads from a web page, and later sets by two commands, is one small file. It is
written, and not set by commands, which would show the token to everybody on the machine.
"""

import re

from engine import files, person, synnefo

GUIDE = ("G151", "G273", "G274")
SERVICES = ()

FILE = "/root/.kamakirc"
TEXT = """# Written by first boot (step kamaki).
[global]
default_cloud = default

[cloud "default"]
url = {url}
token = {token}
"""


def done(ctx):
    # kamaki writes the file anew, with all its defaults, when somebody sets an option.
    text = files.read(ctx.path(FILE))
    return (
        files.is_written(ctx.path(FILE), text, 0o600)
        and _option(text, "url") == url(ctx)
        and _option(text, "token") == person.token(ctx)
    )


def run(ctx):
    text = TEXT.format(url=url(ctx), token=person.token(ctx))
    files.write(ctx.path(FILE), text, 0o600)


def url(ctx):
    """Where clients begin: Astakos's list of all services."""
    return synnefo.url(ctx, "astakos", "/identity/v2.0")


def _option(text, name):
    found = re.search(r"^{0}\s*=\s*(.*?)\s*$".format(name), text, re.MULTILINE)
    return found.group(1) if found else None

"""Let Cyclades write through Ganeti's remote API.

Before other nodes join, which are given the file with all the others (`gnt-node add`): the slow
redist-conf is then needed for a later change only.
"""

import hashlib

from engine import files, ganeti

GUIDE = ("G223", "G224")
SERVICES = ()

USER = "cyclades"
REALM = "Ganeti Remote API"
USERS = ganeti.DATA + "/rapi/users"


def done(ctx):
    return files.is_written(*_file(ctx))


def run(ctx):
    files.write(*_file(ctx))
    if len(ganeti.node_names(ctx)) > 1:
        ctx.run(["gnt-cluster", "redist-conf"], timeout=600)


def line(password):
    """The user's line with the HTTP digest HA1 of RFC 2617 instead of the password."""
    digest = hashlib.md5(files.encoded(":".join([USER, REALM, password]))).hexdigest()
    return "{0} {{HA1}}{1} write\n".format(USER, digest)


def _file(ctx):
    # Who reads it is a user of its own from 2.11 on (ganeti's ensure_dirs), and root before.
    owner, group = "root", "root"
    if files.has_user("gnt-rapi"):
        owner, group = "gnt-rapi", "gnt-masterd"
    return ctx.path(USERS), line(ctx.secret("rapi_password")), 0o640, owner, group

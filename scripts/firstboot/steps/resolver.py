"""Ask the site's name server, which another node may run.

The one line must be the whole file: libevent 2.0.5 of wheezy takes several servers in turn
(guide G058). Nothing here waits for the server: /etc/hosts has the site's names.
"""

from engine import files

GUIDE = ("G085",)
SERVICES = ()

RESOLV_CONF = "/etc/resolv.conf"


def done(ctx):
    return files.is_written(ctx.path(RESOLV_CONF), text(ctx))


def run(ctx):
    path = ctx.path(RESOLV_CONF)
    # A link into /run, which resolvconf leaves, would not survive a reboot.
    files.write(path, text(ctx))


def text(ctx):
    """What /etc/resolv.conf holds."""
    server = ctx.seed["network"]["nameserver"]
    lines = ["search " + ctx.seed["domain"]] + (["nameserver " + server] if server else [])
    return "\n".join(lines) + "\n"

"""Name the node. An image is of a kind of node, and several nodes may be of it.

/etc/hostname holds the fully qualified name, as Ganeti wants; /etc/hosts must resolve it to the
node's address: Debian's 127.0.1.1 makes `gnt-cluster init` refuse the host (docs/wheezy.md W14.3).
"""

import os
import signal
import socket

from engine import files, probe

GUIDE = ("G001",)
SERVICES = ()

RSYSLOG_PID = "/var/run/rsyslogd.pid"


def done(ctx):
    fqdn = ctx.node["fqdn"]
    return (
        socket.gethostname() == fqdn
        and all(files.is_written(ctx.path(name), fqdn + "\n") for name in _NAME_FILES)
        and _resolves(ctx)
    )


def run(ctx):
    fqdn = ctx.node["fqdn"]
    for name in _NAME_FILES:
        files.write(ctx.path(name), fqdn + "\n")
    ctx.run(["hostname", fqdn])
    if not _resolves(ctx):
        hosts = ctx.path("/etc/hosts")
        files.write(hosts, with_hosts(files.read(hosts), _lines(ctx)))
    _tell_rsyslog(ctx)


def with_hosts(text, wanted):
    """The hosts file `text` with the (address, names) of `wanted` and no other line for them."""
    names = {name for _, of_address in wanted for name in of_address}
    kept = [
        line
        for line in text.splitlines()
        if not names.intersection(line.partition("#")[0].split()[1:])
    ]
    added = ["{0} {1}".format(address, " ".join(of_address)) for address, of_address in wanted]
    return "\n".join(kept + added) + "\n"


_NAME_FILES = ("/etc/hostname", "/etc/mailname")


def _lines(ctx):
    nodes = [(node["address"], [node["fqdn"], node["name"]]) for node in ctx.seed["nodes"]]
    cluster = ctx.seed["cluster"]
    return nodes + [(cluster["address"], [cluster["name"]])]


def _resolves(ctx):
    return all(probe.resolved(name) == address for address, names in _lines(ctx) for name in names)


def _tell_rsyslog(ctx):
    # It writes the old name into every log line until it is told (docs/wheezy.md W7.4).
    pid = files.read(ctx.path(RSYSLOG_PID)).strip()
    if pid and os.path.isdir("/proc/" + pid):
        os.kill(int(pid), signal.SIGHUP)

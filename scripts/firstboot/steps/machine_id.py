"""Give the machine its own id, and its entropy pool something no copy of the image has.

The id follows from the node's host key, and so is the same on its next system disk.

Two clones with one machine-id are one machine to D-Bus and to DHCP (docs/wheezy.md W12.2), and
without the second they may draw the same random numbers (W8.3).
"""

import hashlib
import os

from engine import files

GUIDE = ()
SERVICES = ()

ID = "/etc/machine-id"
DBUS_ID = "/var/lib/dbus/machine-id"


def done(ctx):
    machine_id = files.read(ctx.path(ID)).strip()
    return len(machine_id) == 32 and (
        not _has_dbus(ctx) or files.read(ctx.path(DBUS_ID)).strip() == machine_id
    )


def run(ctx):
    mix = "".join([ctx.instance, ctx.node["name"]] + sorted(ctx.seed["secrets"].values()))
    with open(ctx.path("/dev/urandom"), "wb") as pool:
        pool.write(hashlib.sha512(files.encoded(mix)).digest())
    machine_id = files.read(ctx.path(ID)).strip()
    if len(machine_id) != 32:
        machine_id = _id(ctx)
        files.write(ctx.path(ID), machine_id + "\n", mode=0o444)
    if _has_dbus(ctx) and not os.path.islink(ctx.path(DBUS_ID)):
        files.write(ctx.path(DBUS_ID), machine_id + "\n", mode=0o444)


def _id(ctx):
    key = ctx.seed["ssh"]["host_keys"].get("rsa", {}).get("private", "")
    return hashlib.sha256(files.encoded(ctx.instance + key)).hexdigest()[:32]


def _has_dbus(ctx):
    return os.path.isdir(os.path.dirname(ctx.path(DBUS_ID)))

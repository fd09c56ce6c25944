"""Put the node's own SSH host keys in place; an image with host keys gives all nodes the same.

They come with the seed, so that the other node and the operator know them beforehand. RSA must be
among them: `gnt-cluster init` reads ssh_host_rsa_key.pub (docs/wheezy.md W14.4).
"""

import os

from engine import files
from engine.failures import StepError

GUIDE = ("G001",)
SERVICES = ()


def done(ctx):
    return all(files.is_written(*arguments) for arguments in _files(ctx))


def run(ctx):
    for arguments in _files(ctx):
        files.write(*arguments)


def _files(ctx):
    """Arguments of files.write, private keys first: sshd refuses a public key without one."""
    keys = ctx.seed["ssh"]["host_keys"]
    if "rsa" not in keys:
        raise StepError("the seed has no RSA host key: write it anew with `inv seed`")
    folder = ctx.path("/etc/ssh")
    for kind in sorted(keys):
        path = os.path.join(folder, "ssh_host_{0}_key".format(kind))
        yield path, keys[kind]["private"], 0o600
        yield path + ".pub", keys[kind]["public"] + "\n", 0o644

"""Give root the key pair that the site's nodes share, and let it in with it, and the operator too.

A key in the image would open every cloud made from it. The host keys of all nodes are known from
the start, so that nothing ever asks whether to trust one.
"""

from engine import files

GUIDE = ("G160", "G161", "G162")
SERVICES = ()


def done(ctx):
    return all(files.is_written(*arguments) for arguments in _files(ctx))


def run(ctx):
    files.make_folder(ctx.path("/root/.ssh"), 0o700)
    for arguments in _files(ctx):
        files.write(*arguments)


def _files(ctx):
    ssh = ctx.seed["ssh"]
    return [
        (ctx.path("/root/.ssh/id_rsa"), ssh["private_key"], 0o600),
        (ctx.path("/root/.ssh/id_rsa.pub"), ssh["public_key"] + "\n", 0o644),
        (ctx.path("/root/.ssh/authorized_keys"), "\n".join(ssh["authorized_keys"]) + "\n", 0o600),
        (ctx.path("/etc/ssh/ssh_known_hosts"), "\n".join(ssh["known_hosts"]) + "\n", 0o644),
    ]

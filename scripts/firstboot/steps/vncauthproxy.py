"""Give the VNC proxy its user, its certificate and its key, and start it.

The password is the site's, and the certificate this node's, which the proxy's user cannot read
where it lies. It reads all of them only when it starts.
"""

import ctypes

from engine import files, probe

GUIDE = ("G234", "G235", "G237")
SERVICES = ("vncauthproxy",)

FOLDER = "/var/lib/vncauthproxy"
USERS = FOLDER + "/users"
USER = "synnefo"
ADDRESS = ("127.0.0.1", 24999)


def done(ctx):
    return _is_configured(ctx) and probe.tcp(*ADDRESS)


def served(ctx):  # noqa: ARG001, each step takes it
    return probe.tcp(*ADDRESS)


def run(ctx):
    # Stopped first: one that runs on would never read what is written here.
    if probe.tcp(*ADDRESS):
        ctx.services.stop("vncauthproxy")
    for arguments in _files(ctx):
        files.write(*arguments)
    if not _has_user(ctx):
        ctx.run(["vncauthproxy-passwd", "-p", ctx.secret("vnc_password"), ctx.path(USERS), USER])
    ctx.services.start("vncauthproxy")
    ctx.wait(
        "the VNC proxy on port {1} (log: /var/log/vncauthproxy)".format(*ADDRESS),
        lambda: probe.tcp(*ADDRESS),
        60,
    )


def _is_configured(ctx):
    return all(files.is_written(*arguments) for arguments in _files(ctx)) and _has_user(ctx)


def _files(ctx):
    tls = ctx.seed["tls"]
    return [
        (ctx.path(FOLDER + "/cert.pem"), tls["certificate"], 0o644),
        (ctx.path(FOLDER + "/key.pem"), tls["key"], 0o400, "vncauthproxy", "vncauthproxy"),
    ]


def _has_user(ctx):
    for line in files.read(ctx.path(USERS)).splitlines():
        name, _, digest = line.partition(":")
        if name == USER:
            return _opens(ctx.secret("vnc_password"), digest)
    return False


def _opens(password, digest):
    """Whether crypt(3) makes `digest` of `password`.

    Python's own module for it refuses letters beyond ASCII in 2.7 and is gone from 3.13. Wheezy's
    crypt makes an empty digest, which opens to nobody, of an empty one (docs/wheezy.md W10.11).
    """
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    wanted = digest.encode("utf-8")
    return bool(wanted) and library.crypt(password.encode("utf-8"), wanted) == wanted

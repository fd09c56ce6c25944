"""Choose the libvirt to use (https://libvirt.org/uri.html), and ssh's way there."""

from __future__ import annotations

import os
import shlex
from urllib.parse import parse_qs, quote, urlsplit

from golden.errors import UserError
from golden.paths import CACHE

SYSTEM = "qemu:///system"
# Where `scripts/host/libvirtd start .cache/libvirtd` puts its socket.
OWN = CACHE / "libvirtd" / "run" / "libvirt-sock"
BY_SSH = ("ssh", "libssh", "libssh2")


def default() -> str:
    """The URI of libvirt's own tools (LIBVIRT_DEFAULT_URI), else this project's, else SYSTEM."""
    own = f"qemu+unix:///system?socket={quote(str(OWN))}" if OWN.exists() else SYSTEM
    return os.environ.get("LIBVIRT_DEFAULT_URI") or own


def jump(uri: str) -> str:
    """The ssh command for the host on which libvirt runs; empty when it is this one.

    The nodes' sshd is reached through that host's loopback interface. Raises UserError for a
    connection that cannot serve a site.
    """
    parts = urlsplit(uri)
    driver, _, transport = parts.scheme.partition("+")
    if driver != "qemu" or parts.path != "/system":
        raise UserError(
            f"--connect {uri}: the nodes need libvirt's system daemon and its driver qemu, because "
            f"only that makes networks: {SYSTEM}, or qemu+ssh://USER@HOST/system"
        )
    if not parts.hostname:
        return ""
    if transport not in BY_SSH:
        raise UserError(
            f"--connect {uri}: the nodes of another machine are reached by ssh through it, so "
            f"connect by ssh, too: qemu+ssh://{parts.hostname}/system"
        )
    options = parse_qs(parts.query)
    words = [*options.get("command", ["ssh"]), "-o", "BatchMode=yes"]
    words += ["-p", str(parts.port)] if parts.port else []
    for key in options.get("keyfile", []):
        words += ["-i", key]
    if options.get("no_verify") == ["1"]:
        words += ["-o", "StrictHostKeyChecking=no"]
    user = f"{parts.username}@" if parts.username else ""
    return shlex.join([*words, user + parts.hostname])

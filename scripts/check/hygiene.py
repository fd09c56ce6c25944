"""What a node must not hold, and what must differ between nodes.

The facts: docs/wheezy.md W11.5 and section 12.
"""

import glob
import hashlib
import os
import re
import stat

from guest import content, text

SEARCHED = ("/etc", "/var/lib/firstboot", "/var/log", "/root", "/srv", "/tmp", "/var/tmp") + (
    "/var/lib/ganeti",
    "/var/lib/vncauthproxy",
)
PRIVATE = re.compile(b"^-----BEGIN [A-Z ]*PRIVATE KEY-----", re.MULTILINE)
LOGS = ("/var/log", "/var/lib/firstboot")
# Bigger files are data, not configuration; none of ours comes near.
LARGEST = 4 * 1024 * 1024
LEFTOVERS = (
    "/usr/sbin/policy-rc.d",
    "/sbin/start-stop-daemon.REAL",
    "/sbin/start-stop-daemon.distrib",
    "/etc/apt/apt.conf.d/99*",
    "/etc/apt/sources.list.d/*bake*",
    "/etc/udev/rules.d/70-persistent-net.rules",
    "/etc/**/*.dpkg-new",
    "/var/lib/dpkg/updates/[0-9]*",
    "/var/cache/apt/archives/*.deb",
    "/packer-files",
    "/etc/sudoers.d/packer",
)


def leftovers():
    """Paths that only a bake may have."""
    return sorted(path for pattern in LEFTOVERS for path in glob.glob(pattern))


def diversions():
    """Files diverted by hand: dpkg keeps three lines each, the last names the package or is `:`."""
    lines = text("/var/lib/dpkg/diversions").splitlines()
    return [lines[at] for at in range(0, len(lines) - 2, 3) if lines[at + 2] == ":"]


def unsafe_io():
    """dpkg configuration that skips syncs: right for a bake, wrong for a machine with a life."""
    paths = glob.glob("/etc/dpkg/dpkg.cfg.d/*") + ["/etc/dpkg/dpkg.cfg"]
    return [path for path in paths if re.search("^force-unsafe-io", text(path), re.MULTILINE)]


def searched():
    """(path, status) of every regular file a person might look into for secrets."""
    for top in SEARCHED:
        device = os.lstat(top).st_dev if os.path.isdir(top) else None
        for folder, folders, files in os.walk(top):
            folders[:] = [one for one in folders if same_device(folder, one, device)]
            for name in files:
                path = os.path.join(folder, name)
                status = os.lstat(path)
                if stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST:
                    yield path, status


def same_device(folder, name, device):
    """Whether a sub-folder is on the same file system: a mount is its server's business."""
    return os.lstat(os.path.join(folder, name)).st_dev == device


def secrets(values):
    """Files with a placeholder left, world-readable ones with a secret or a private key, logs and
    state with a secret."""
    known = [value.encode("utf-8") for value in values]
    found = {"placeholders": [], "readable": [], "logged": [], "keys": []}
    for path, status in searched():
        data = content(path) or b""
        if b"@@SECRET" in data:
            found["placeholders"].append(path)
        if status.st_mode & stat.S_IROTH and PRIVATE.search(data):
            found["keys"].append(path)
        if any(value in data for value in known):
            if status.st_mode & stat.S_IROTH:
                found["readable"].append(path)
            if path.startswith(LOGS):
                found["logged"].append(path)
    return found


def digest(path):
    """A short hash that tells two files apart without showing them; "" when there is none."""
    data = content(path)
    return hashlib.sha256(data).hexdigest()[:16] if data else ""


def identity():
    """{what: digest} of what makes this node another one than its siblings."""
    paths = {
        "machine-id": "/etc/machine-id",
        "dbus machine-id": "/var/lib/dbus/machine-id",
        "random seed": "/var/lib/urandom/random-seed",
        "systemd random seed": "/var/lib/systemd/random-seed",
        "snakeoil key": "/etc/ssl/private/ssl-cert-snakeoil.key",
    }
    for path in glob.glob("/etc/ssh/ssh_host_*_key.pub"):
        paths["host key " + os.path.basename(path)[len("ssh_host_") : -len("_key.pub")]] = path
    # The comment of a public key holds the host's name: two equal keys would seem to differ.
    return {what: key_digest(path) for what, path in paths.items() if os.path.exists(path)}


def key_digest(path):
    """The digest of a file, of a public key without its comment."""
    if not path.endswith(".pub"):
        return digest(path)
    return hashlib.sha256(" ".join(text(path).split()[:2]).encode("ascii")).hexdigest()[:16]


def main(request):
    """All of it; request["secrets"] are the values that must not be found."""
    return {
        "leftovers": leftovers(),
        "diversions": diversions(),
        "unsafe_io": unsafe_io(),
        "secrets": secrets(request["secrets"]),
        "identity": identity(),
    }

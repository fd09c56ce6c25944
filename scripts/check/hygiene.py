"""What a node must not hold, and what must differ between nodes.

The facts: docs/wheezy.md W11.5 and section 12.
"""

import glob
import hashlib
import os
import re
import stat
import zlib

from guest import content, listing, text

# Where files come to be on a node, and folders of what packages bring, which the bake searched.
SEARCHED = ("/etc", "/var", "/root", "/home", "/opt", "/srv", "/tmp", "/run", "/usr/local")
OF_PACKAGES = ("/var/lib/dpkg", "/var/lib/apt", "/var/cache")
# Read whoever may: they are ours to complete, or tell what was done.
PRIVATE_TOO = ("/etc", "/root", "/var/log", "/var/lib/firstboot")
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


def searched(kept):
    """(path, status) of every regular file a person might look into for secrets."""
    for top in SEARCHED:
        device = os.lstat(top).st_dev if os.path.isdir(top) else None
        for folder, folders, files in os.walk(top):
            inside = [os.path.join(folder, one) for one in folders]
            folders[:] = [os.path.basename(one) for one in inside if is_part(one, device, kept)]
            for name in files:
                path = os.path.join(folder, name)
                try:
                    status = os.lstat(path)
                except OSError:
                    continue  # a daemon has taken it away
                if stat.S_ISREG(status.st_mode) and status.st_size <= LARGEST:
                    if status.st_mode & stat.S_IROTH or path.startswith(PRIVATE_TOO):
                        yield path, status


def is_part(folder, device, kept):
    """Whether what is below is to be searched: a mount is its server's business, but for those of
    a state volume, which are at and below `kept`."""
    if any((folder + "/").startswith(path + "/") for path in kept):
        return True
    try:
        return folder not in OF_PACKAGES and os.lstat(folder).st_dev == device
    except OSError:
        return False  # a daemon has taken it away


def unpacked(path):
    """The bytes of a file, of one that gzip packed those inside."""
    data = content(path) or b""
    try:
        # 16: with gzip's header (zlib.h).
        return zlib.decompress(data, 16 + zlib.MAX_WBITS) if path.endswith(".gz") else data
    except zlib.error:
        return data


def shown(values):
    """The names of processes that have one of `values` among their words."""
    known = [value.encode("utf-8") for value in values]
    pids = [name for name in listing("/proc") if name.isdigit()]
    words = ((pid, content("/proc/%s/cmdline" % pid) or b"") for pid in pids)
    showing = [pid for pid, said in words if any(value in said for value in known)]
    return sorted(text("/proc/%s/comm" % pid).strip() for pid in showing)


def secrets(values, kept):
    """Files with a placeholder left, world-readable ones with a secret or a private key, logs and
    state with a secret."""
    known = [value.encode("utf-8") for value in values]
    found = {"placeholders": [], "readable": [], "logged": [], "keys": []}
    for path, status in searched(kept):
        data = unpacked(path)
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
    """All of it; request["marks"] are the secrets that must not be found, in all their forms."""
    return {
        "leftovers": leftovers(),
        "diversions": diversions(),
        "unsafe_io": unsafe_io(),
        "secrets": secrets(request["marks"], request.get("kept", ())),
        "shown": shown(request["marks"]),
        "identity": identity(),
    }

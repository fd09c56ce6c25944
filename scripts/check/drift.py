"""What differs from the image: files that were changed, removed, added or opened, and start links;
and what was written since first boot that would go with the system disk.

The image holds the list of itself (golden/layers/content.py). The request's `state` is what may
differ (golden/check/state.py): below a folder that ends in a slash, itself included, all is free;
of a path or pattern the content, not the rights. Of that, `spared` may be written after first boot,
and what lies below the folders `kept` is looked at on a state volume, too. A node without one keeps
all on its system disk, and is not asked. Paths are bytes: in Debian some names are UTF-8 and some
are not.
"""

import fnmatch
import hashlib
import os
import re
import stat

from guest import listing, text

INVENTORY = b"/etc/golden/inventory"
# Never part of an image; the list cannot list itself.
VOLUME = b"/var/lib/golden-state"
MARK = VOLUME + b"/golden-state.json"
OUTSIDE = (b"/proc", b"/sys", b"/dev", b"/run", b"/tmp", VOLUME, INVENTORY)
# Written once, when first boot is over.
RESULT = b"/var/lib/firstboot/result.json"
# A clock is set right while first boot is under way.
CLOCK_SECONDS = 2
TYPES = {
    stat.S_IFREG: b"f",
    stat.S_IFDIR: b"d",
    stat.S_IFLNK: b"l",
    stat.S_IFBLK: b"device",
    stat.S_IFCHR: b"device",
}
LINK = re.compile(r"^([SK])[0-9]{2}(.+)$")
LEVELS = "0123456S"
BLOCK = 1 << 20
# As many as a person reads.
SHOWN = 40


def image():
    """{path: (type, mode, uid, gid, target)} and {path: sha256} of the image; None without list."""
    if not os.path.exists(INVENTORY):
        return None, {}
    entries, digests = {}, {}
    with open(INVENTORY, "rb") as lines:
        for line in lines:
            kind, mode, uid, gid, path, what = line.rstrip(b"\n").split(b"\t")
            target = what if kind == b"l" else b""
            entries[path] = (kind, int(mode, 8), int(uid), int(gid), target)
            if kind == b"f":
                digests[path] = what.decode("ascii")
    return entries, digests


def matcher(patterns):
    """A regular expression for paths."""
    translated = [fnmatch.translate(one).replace("\\Z", "$") for one in patterns]
    return re.compile(("|".join(translated) or "$^").encode("utf-8"))


def folders_of(state):
    """Patterns for the folders of `state` and all below them."""
    names = [one.rstrip("/") for one in state if one.endswith("/")]
    return names + [name + "/*" for name in names]


def digest(path):
    """The SHA-256 of a file; "" when it is gone."""
    found = hashlib.sha256()
    try:
        with open(path, "rb") as stream:
            for block in iter(lambda: stream.read(BLOCK), b""):
                found.update(block)
    except (IOError, OSError):
        return ""
    return found.hexdigest()


def finished():
    """When first boot was over, in seconds since the epoch; never, where it is not."""
    try:
        return os.stat(RESULT).st_mtime + CLOCK_SECONDS
    except OSError:
        return float("inf")


def there(path):
    """(type, mode, uid, gid, target) of a path now, and its lstat."""
    status = os.lstat(path)
    kind = TYPES.get(stat.S_IFMT(status.st_mode), b"?")
    target = os.readlink(path) if kind == b"l" else b""
    return (kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, target), status


class Drift(object):
    """Walks the node's root file system beside the image's list."""

    def __init__(self, state, apart=(), spared=(), kept=()):
        self.outside = OUTSIDE + tuple(one.encode("utf-8") for one in apart)
        self.entries, self.digests = image()
        self.loose = matcher(folders_of(state))
        self.free = matcher([one for one in state if not one.endswith("/")] + folders_of(state))
        self.spared = matcher([one for one in spared if not one.endswith("/")] + folders_of(spared))
        self.kept = matcher(folders_of([one + "/" for one in kept]))
        self.finished = finished()
        self.mounts = []
        self.found = {"changed": [], "missing": [], "added": [], "opened": [], "perishable": []}

    def note(self, what, path, said=""):
        """Keep a finding, as text."""
        shown = path.decode("utf-8", "replace")
        self.found[what].append("{0}: {1}".format(shown, said) if said else shown)

    def walk(self):
        """Look at every path on the root file system, and then for what is gone."""
        seen = {b"/"}
        device = os.lstat(b"/").st_dev
        for folder, folders, names in os.walk(b"/"):
            for name in folders + names:
                path = os.path.join(folder, name)
                if path not in self.outside:
                    seen.add(path)
                    here = self.look(path, device)
                    if name in folders and not here:
                        folders.remove(name)
                elif name in folders:
                    folders.remove(name)
            folders.sort()
        for path in sorted(set(self.entries) - seen):
            above = os.path.dirname(path)
            if above in seen and above not in self.mounts and path not in self.outside:
                if not self.free.match(path):
                    self.note("missing", path)

    def look(self, path, device):
        """Compare one path; whether what is below it is to be looked at too."""
        try:
            now, status = there(path)
        except OSError:
            return False  # it went while we looked
        here = status.st_dev == device or bool(self.kept.match(path))
        if here and now[0] == b"f" and status.st_ctime > self.finished:
            if not self.spared.match(path) and not self.is_baked(path):
                self.note("perishable", path)
        was, free = self.entries.get(path), bool(self.free.match(path))
        if was is None and not free:
            self.note("added", path)
            return False
        if was is not None and here:
            self.compare(path, was, now, free)
        elif is_open(now):
            self.note("opened", path, "mode {0:04o}".format(now[1]))
        if not here:
            self.mounts.append(path)
        return here

    def is_baked(self, path):
        """Whether it is as the image has it: a package's script may give it rights once more."""
        wanted = self.digests.get(path)
        return bool(wanted) and digest(path) == wanted

    def compare(self, path, was, now, free):
        """Note how `path` differs; where it is state its content may."""
        differs = (
            []
            if self.loose.match(path) and not is_open(now)
            else [
                "{0} {1} instead of {2}".format(word, show(now[at]), show(was[at]))
                for at, word, show in ((1, "mode", octal), (2, "uid", str), (3, "gid", str))
                if now[at] != was[at] and now[0] == was[0] != b"l"
            ]
        )
        if not free:
            differs += self.content(path, was, now)
        if differs:
            self.note("changed", path, ", ".join(differs))

    def content(self, path, was, now):
        """What is said of another type, target or content."""
        if (was[0], was[4]) != (now[0], now[4]):
            return ["another type or target"]
        wanted = self.digests.get(path)
        return ["another content"] if wanted and digest(path) != wanted else []


def octal(mode):
    """A mode as people write it."""
    return "{0:04o}".format(mode)


def is_open(entry):
    """Whether what no image brought runs as its owner, is a device, or is anybody's to write."""
    kind, mode = entry[:2]
    if kind == b"f":
        return bool(mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH))
    if kind == b"d":
        return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX
    return kind == b"device"


def starts(pairs):
    """{script: levels} in which links start it; `pairs` are (level, name of the link)."""
    found = {}
    for level, name in pairs:
        link = LINK.match(name)
        if link and link.group(1) == "S":
            found.setdefault(link.group(2), set()).add(level)
    return {script: "".join(sorted(levels)) for script, levels in found.items()}


def links_of_image(entries):
    """What the image starts."""
    places = re.compile(r"^/etc/rc([0-6S])\.d/(.+)$")
    found = (places.match(path.decode("utf-8", "replace")) for path in entries)
    return starts(each.groups() for each in found if each)


def links_of_node():
    """What the next boot starts."""
    return starts((level, name) for level in LEVELS for name in listing("/etc/rc%s.d" % level))


def default_levels(script):
    """Where the script itself wants to be started (LSB, Default-Start)."""
    wanted = re.search(r"^# *Default-Start:(.*)$", text("/etc/init.d/" + script), re.MULTILINE)
    return "".join(sorted(wanted.group(1).split())) if wanted else ""


def boot(entries, services):
    """Scripts that the next boot would start otherwise: as the image has it, and first boot's."""
    wanted = links_of_image(entries)
    wanted.update((name, default_levels(name)) for name in services)
    now = links_of_node()
    return [
        "{0}: started in {1} instead of {2}".format(
            name, now.get(name) or "no runlevel", wanted.get(name) or "none"
        )
        for name in sorted(set(wanted) | set(now))
        if now.get(name, "") != wanted.get(name, "")
    ]


def main(request):
    """{what: findings}, each list shortened, None where it is not asked; None for an image without
    a list.

    What is below the folders request["apart"] is not looked at.
    """
    names = ("apart", "spared", "kept")
    drift = Drift(request["state"], *(request.get(name, ()) for name in names))
    if drift.entries is None:
        return None
    drift.walk()
    drift.found["boot"] = boot(drift.entries, request["services"])
    told = {what: found[:SHOWN] for what, found in drift.found.items()}
    return dict(told, perishable=told["perishable"] if os.path.exists(MARK) else None)

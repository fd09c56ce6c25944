"""The contents of an image, by subject: packages, accounts, services, rights, sizes.

Each function takes an image and the paths that differ, and may look at those alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from golden.layers import overlay
from golden.layers.overlay import Tree

Difference = tuple[str, str, str]  # name, before, after; "" where it is not there

_START = re.compile(r"/etc/rc([2S])\.d/S\d\d(.+)")
_PORT = re.compile(r"^\s*(?:Listen|port|ListenPort|Port)\s*[= ]\s*[\"']?(?:\S+:)?(\d{2,5})\b", re.I)
_PARAGRAPH = re.compile(r"^(Package|Version|Status): (.*)$", re.MULTILINE)
DEPTH = 2  # sizes are summed for folders down to here: /usr/lib, /var/cache


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    """The entries that differ, by name."""
    return [
        (name, before.get(name, ""), after.get(name, ""))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def packages(image: Tree, _: Sequence[str] = ()) -> dict[str, str]:
    """{package: version} of the packages installed according to the image's dpkg."""
    text = "\n".join(overlay.lines(image, "/var/lib/dpkg/status"))
    found = {}
    for paragraph in text.split("\n\n"):
        fields = dict(_PARAGRAPH.findall(paragraph))
        if fields.get("Status", "").endswith(" installed"):
            found[fields["Package"]] = fields["Version"]
    return found


def accounts(image: Tree, _: Sequence[str] = ()) -> dict[str, str]:
    """{`user NAME`: its ids, home and shell; `group NAME`: its id and members}."""
    found = {}
    for what, file in (("user", "/etc/passwd"), ("group", "/etc/group")):
        for line in overlay.lines(image, file):
            name, _, rest = line.partition(":x:")
            found[f"{what} {name}"] = rest
    return found


def services(image: Tree, _: Sequence[str] = ()) -> dict[str, str]:
    """{init script: the runlevels, S and 2, in which it starts}."""
    found: dict[str, str] = {}
    for path in image:
        if match := _START.fullmatch(path):
            level, name = match.groups()
            found[name] = ", ".join(sorted({level, *found.get(name, "").split(", ")} - {""}))
    return found


def privileged(image: Tree, paths: Sequence[str]) -> dict[str, str]:
    """{path: mode} of the `paths` with special rights: setuid, setgid, capabilities."""
    return {
        path: f"{image[path].mode}" for path in paths if path in image and image[path].privileged
    }


def ports(image: Tree, paths: Sequence[str]) -> dict[str, str]:
    """{`PATH PORT`: `yes`} of the ports that configuration files among `paths` open."""
    return {
        f"{path} {match.group(1)}": "yes"
        for path in paths
        if path.startswith("/etc/")
        for line in overlay.lines(image, path)
        if (match := _PORT.match(line))
    }


SUBJECTS: Mapping[str, Callable[[Tree, Sequence[str]], dict[str, str]]] = {
    "packages": packages,
    "services": services,
    "ports": ports,
    "accounts": accounts,
    "privileged": privileged,
}


def sizes(image: Tree) -> Counter[str]:
    """{folder: bytes of all files below it}, for folders down to DEPTH; a file of several names
    counts once."""
    found: Counter[str] = Counter()
    seen: set[tuple[int, int]] = set()
    for path, entry in image.items():
        place = (entry.status.st_dev, entry.status.st_ino)
        if entry.kind == "file" and place not in seen:
            seen.add(place)
            found["/".join(path.split("/")[: DEPTH + 1][: path.count("/")]) or "/"] += entry.size
    return found

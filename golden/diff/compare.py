"""Files that differ between two images, and how."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from golden.layers import overlay
from golden.layers.overlay import Entry, Tree

# Every bake writes these anew, whatever went into it; the inventory lists the files themselves.
NOISE = (
    "/etc/golden/inventory",
    "/etc/golden/release.json",
    "/var/cache/ldconfig/aux-cache",
    "/var/lib/dpkg/status-old",
    "/var/lib/dpkg/available-old",
    "/var/lib/systemd/catalog/database",
)
CACHES = ("/__pycache__/",)


@dataclass(frozen=True)
class Change:
    """One path: `what` is new, gone or changed; `facts` are (name, before, after) of all that
    differs besides the content; `lines` is the unified difference of a text."""

    path: str
    what: str
    facts: tuple[tuple[str, str, str], ...] = ()
    lines: tuple[str, ...] = ()
    noise: bool = False


def changes(a: Tree, b: Tree, *, times: bool = False) -> Iterator[Change]:
    """The differences of `b` from `a`, sorted by path; those of time stamps only with `times`."""
    owners = [
        (overlay.names(each, "/etc/passwd"), overlay.names(each, "/etc/group")) for each in (a, b)
    ]
    for path in sorted(a.keys() | b.keys()):
        old, new = a.get(path), b.get(path)
        stamps = tuple(_stamps(old, new)) if times and old and new else ()
        if old and new and not stamps and _same(old, new):
            continue
        facts = (*_facts(old, new, owners), *stamps)
        lines = tuple(_lines(path, old, new))
        if facts or lines:
            what = "new" if old is None else "gone" if new is None else "changed"
            yield Change(path, what, facts, lines, is_noise(path))


def _same(old: Entry, new: Entry) -> bool:
    """Whether both are the same file of a shared layer, or equal in content, mode and owner."""
    if old.file == new.file:
        return True
    a, b = old.status, new.status
    if (a.st_mode, a.st_uid, a.st_gid, old.size) != (b.st_mode, b.st_uid, b.st_gid, new.size):
        return False
    return old.content() == new.content()


def _stamps(old: Entry, new: Entry) -> Iterator[tuple[str, str, str]]:
    before, after = old.status.st_mtime_ns, new.status.st_mtime_ns
    if before != after:
        yield "time", _clock(before), _clock(after)


def _clock(stamp: int) -> str:
    seconds, fraction = divmod(stamp, 10**9)
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(seconds))}.{fraction:09}"


def is_noise(path: str) -> bool:
    """Whether this path changes with every bake."""
    return path in NOISE or any(part in path for part in CACHES)


def _facts(
    old: Entry | None, new: Entry | None, owners: list[tuple[dict[int, str], dict[int, str]]]
) -> Iterator[tuple[str, str, str]]:
    before, after = (
        _described(each, *names) for each, names in zip((old, new), owners, strict=True)
    )
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield name, before.get(name, ""), after.get(name, "")
    both = old and new and old.kind == new.kind == "file" and old.size == new.size
    if both and old and new and old.text() is None and old.content() != new.content():
        yield "content", "", "other bytes of the same size"


def _described(
    entry: Entry | None, users: dict[int, str], groups: dict[int, str]
) -> dict[str, str]:
    if entry is None:
        return {}
    status = entry.status
    found = {
        "kind": entry.kind,
        "mode": entry.mode,
        "owner": users.get(status.st_uid, str(status.st_uid)),
        "group": groups.get(status.st_gid, str(status.st_gid)),
    }
    if entry.kind == "file" and entry.text() is None:
        found["size"] = str(entry.size)
    if entry.kind in ("link", "device"):
        found["target"] = entry.content().decode(errors="replace")
    return found


def _lines(path: str, old: Entry | None, new: Entry | None) -> Iterator[str]:
    """The unified difference of two texts; none for a file that is new or gone."""
    if not (old and new and old.kind == new.kind == "file"):
        return
    before, after = old.text(), new.text()
    if before is None or after is None or before == after:
        return
    compared = difflib.unified_diff(
        before.splitlines(), after.splitlines(), path, path, lineterm=""
    )
    yield from compared

"""The index of what a pool has of one release: a flat repository, for apt on this host."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from golden import atomic
from golden.errors import StageError
from golden.lock import Lock, Locked, model
from golden.packages import AptState, store

PACKAGES, RELEASE = "Packages", "Release"
_AT_ONCE = 200
# What says where and which file it is: the pool has its own words for that.
_PLACE = re.compile(r"(?m)^(Filename|Size|SHA256|SHA1|SHA512|MD5sum):.*\n?")


def locked_files(lock: Lock) -> tuple[Locked, ...]:
    """What of a lock a pool holds: all but the stand-ins."""
    return tuple(each for each in lock.packages if each.source != model.STANDIN)


def of(state: AptState, lock: Lock) -> str:
    """The Packages file for `lock`, from the index that `state` has. Raises StageError."""
    wanted = {(each.name, each.version): each for each in locked_files(lock)}
    found: dict[tuple[str, str], str] = {}
    names = [f"{name}={version}" for name, version in sorted(wanted)]
    for begin in range(0, len(names), _AT_ONCE):
        shown = state.apt("apt-cache", "show", *names[begin : begin + _AT_ONCE]).out
        for text in shown.strip().split("\n\n"):
            key = _field(text, "Package"), _field(text, "Version")
            if key in wanted and _field(text, "SHA256") == wanted[key].sha256:
                found[key] = _stanza(text, wanted[key])
    lost = sorted(name for name, version in wanted if (name, version) not in found)
    if lost:
        raise StageError("pool", f"apt's index no longer has {', '.join(lost)} as locked")
    return "\n".join(found[key] for key in sorted(found))


def text(pool: Path, release: str) -> str:
    """The Packages file of the pool for `release`; empty when there is none."""
    path = pool / release / PACKAGES
    return path.read_text() if path.is_file() else ""


def write(pool: Path, release: str, packages: str) -> None:
    """Put the index in its place; Release, which apt asks for first, last."""
    folder = pool / release
    atomic.write(folder / PACKAGES, packages)
    atomic.write(folder / RELEASE, _head(release, {PACKAGES: packages.encode()}))


def _head(release: str, files: Mapping[str, bytes]) -> str:
    rows = [
        f" {hashlib.sha256(content).hexdigest()} {len(content)} {name}"
        for name, content in files.items()
    ]
    head = ["Origin: golden", "Label: pool", f"Suite: {release}/", "SHA256:", *rows]
    return "\n".join(head) + "\n"


def _field(text: str, name: str) -> str:
    match = re.search(rf"(?m)^{name}: (.*)$", text)
    return match.group(1) if match else ""


def _stanza(text: str, locked: Locked) -> str:
    where = store.file(Path(), locked.sha256)
    place = f"Filename: {where}\nSize: {locked.size}\nSHA256: {locked.sha256}\n"
    return f"{_PLACE.sub('', text).rstrip()}\n{place}"

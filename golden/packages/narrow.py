"""The index of locked packages alone: apt reads it in a tenth of the time it takes for a Debian."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from golden import atomic
from golden.packages import pins

_HEAD = re.compile(rb"^Package: (\S+)$", re.MULTILINE)
_VERSION = re.compile(rb"^Version: (\S+)$", re.MULTILINE)
_INDEX = "_Packages"


def options(place: Path) -> tuple[str, ...]:
    """What makes apt read the index in `place` (see `make`)."""
    caches = (f"Dir::Cache::{name}={place / name}.bin" for name in ("pkgcache", "srcpkgcache"))
    return (f"Dir::State::lists={place / 'lists'}", *caches)


def make(
    lists: Path, versions: Mapping[str, str], place: Path, whole: Collection[bytes] = ()
) -> None:
    """Write to the folder `place` what of the index in `lists` is of the packages in `versions`.

    Of each its version there, if a source has that one, else all: apt chooses, as it does from the
    whole index. Indexes with the content of one in `whole` are kept as they are. `place` appears
    whole or not at all; others beside it go.
    """
    files = [each for each in sorted(lists.iterdir()) if each.is_file() and each.name != "lock"]
    contents = {each.name: each.read_bytes() for each in files if each.name.endswith(_INDEX)}
    indexes = {name: content for name, content in contents.items() if content not in whole}
    found = {name: _of(index, versions) for name, index in indexes.items()}
    offered = {(name, version) for rows in found.values() for name, version, _ in rows}
    place.parent.mkdir(parents=True, exist_ok=True)
    for other in place.parent.iterdir():
        shutil.rmtree(other)
    partial = atomic.partial(place)
    (partial / "lists" / "partial").mkdir(parents=True)
    for each in files:
        if each.name not in indexes:
            shutil.copy(each, partial / "lists")
    for name, rows in found.items():
        # apt reads no file without a package.
        if text := b"\n\n".join(_chosen(rows, versions, offered)):
            (partial / "lists" / name).write_bytes(text + b"\n")
    partial.replace(place)


def _of(index: bytes, versions: Mapping[str, str]) -> list[tuple[str, str, bytes]]:
    """Name, version and paragraph of each package of `index` that `versions` names."""
    rows = []
    for paragraph in index.split(b"\n\n"):
        name = _HEAD.search(paragraph)
        if name and name[1].decode() in versions and (version := _VERSION.search(paragraph)):
            rows.append((name[1].decode(), version[1].decode(), paragraph.strip(b"\n")))
    return rows


def _chosen(
    rows: Iterable[tuple[str, str, bytes]],
    versions: Mapping[str, str],
    offered: set[tuple[str, str]],
) -> Iterable[bytes]:
    for name, version, paragraph in rows:
        wanted = versions[name]
        if version == wanted or pins.is_several(wanted) or (name, wanted) not in offered:
            yield paragraph

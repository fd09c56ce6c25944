"""What a role puts into an image: its directories and the files of files/ and files.<release>/,
each at a path in which the facts of the release are filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden.definition.document import Document, Keys, shown
from golden.definition.problems import Problems, nearest

FOLDER = "files"
TEMPLATE = ".j2"
_FACT = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Content:
    """What the role of `document` puts where, by path in the image.

    `sources` are files under images/. `owned` and `directories` are what the document says of files
    and directories, each with its place in it.
    """

    document: Document
    sources: Mapping[str, Path]
    owned: Mapping[str, tuple[Keys, Any]]
    directories: Mapping[str, tuple[Keys, Any]]


@dataclass(frozen=True)
class Facts:
    """The facts of the last of `releases`, for paths; it is like those before it."""

    releases: Sequence[str]
    values: Mapping[str, object]
    problems: Problems

    def put(self, written: str, file: Path, line: int = 1, keys: str = "") -> str | None:
        """`written` with each {fact} filled in; None, and a problem of `file`, if one cannot be."""
        for name in _FACT.findall(written):
            if name not in self.values:
                hint = nearest(name, self.values)
                message = f"release '{self.releases[-1]}' has no fact '{name}'; {hint}"
            elif isinstance(self.values[name], list):
                message = f"the fact '{name}' of release '{self.releases[-1]}' is a list"
            else:
                continue
            self.problems.add(file, line, keys, message)
            return None
        return _FACT.sub(lambda match: str(self.values[match[1]]), written)


def read_content(document: Document, facts: Facts) -> Content:
    """What the role of `document` puts into images of the release of `facts`.

    Files for just this release win over those for every release.
    """
    role = document.file.parent
    sources = _sources(role / FOLDER, facts)
    for release in facts.releases:
        sources |= _sources(role / f"{FOLDER}.{release}", facts)
    owned = _places(document, "files", facts)
    written = _written_paths(role)
    for path, (keys, _) in owned.items():
        if path not in sources and keys[-1] not in written:
            document.problem(keys, f"the role has no such file; {nearest(str(keys[-1]), written)}")
    return Content(document, sources, owned, _places(document, "directories", facts))


def check_layout(document: Document, releases: set[str]) -> None:
    """Report what does not belong in the folder of the role of `document`."""
    role = document.file.parent
    valid = {document.file.name, FOLDER} | {f"{FOLDER}.{release}" for release in releases}
    for entry in role.iterdir():
        if entry.name not in valid:
            hint = nearest(entry.name, valid)
            document.problems.add(entry, 1, "", f"has no place in a role; {hint}")
    for file in role.rglob("*"):
        if file.is_symlink():
            # Git, rsync and overlays treat links each in their own way, and none keeps an owner.
            message = "is a symbolic link: let a script of scripts/bake make it"
            document.problems.add(file, 1, "", message)


def _places(document: Document, key: str, facts: Facts) -> dict[str, tuple[Keys, Any]]:
    places: dict[str, tuple[Keys, Any]] = {}
    for keys, value in document.each(key, "*"):
        path = facts.put(str(keys[-1]), document.file, document.line(keys), shown(keys))
        if path is not None:
            places[path] = (keys, value)
    return places


def _sources(top: Path, facts: Facts) -> dict[str, Path]:
    sources: dict[str, Path] = {}
    for file in _files(top):
        path = facts.put(_written(file, top), file)
        if path in sources:
            message = f"{sources[path].name} in the same folder becomes {path} too: remove one"
            facts.problems.add(file, 1, "", message)
        elif path is not None:
            sources[path] = file
    return sources


def _written_paths(role: Path) -> set[str]:
    """The paths of the role's files for all releases, facts not filled in."""
    tops = [top for top in role.iterdir() if top.name.split(".")[0] == FOLDER]
    return {_written(file, top) for top in tops for file in _files(top)}


def _files(top: Path) -> Iterator[Path]:
    for file in sorted(top.rglob("*")):
        # Python leaves compiled files where a program of an image is imported, as tests do.
        if file.is_file() and not file.is_symlink() and "__pycache__" not in file.parts:
            yield file


def _written(file: Path, top: Path) -> str:
    return "/" + str(file.relative_to(top)).removesuffix(TEMPLATE)

"""A folder of .debs as they lie: what is in each, what is wrong with them, and an index for apt.

It needs no signature of its own: whoever names it vouches for it, and the lock keeps each hash.
"""

from __future__ import annotations

import json
import lzma
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from debian.arfile import ArError
from debian.deb822 import Deb822
from debian.debfile import DebError, DebFile

from golden import atomic
from golden.errors import UserError
from golden.packages import store

# What apt calls the source, and the lock: sources.list(5) ends a flat repository's path in a slash.
SUITE = "packages/"
LABEL = "golden-packages"
_SHOWN = 6
_DOCUMENTATION = ("./usr/share/doc/", "./usr/share/man/", "./usr/share/lintian/")
# What a package that is meant to have no files says of itself.
_MEANT = ("dummy", "transitional", "metapackage", "meta-package", "oldlibs")
_UNREADABLE = (ArError, DebError, tarfile.TarError, lzma.LZMAError, EOFError, KeyError, ValueError)


@dataclass(frozen=True)
class Deb:
    """One file of the folder: `stamp` tells whether it was written since, `control` is its control
    file; `empty` when it installs nothing but documentation."""

    file: str
    stamp: str
    size: int
    sha256: str
    control: str
    empty: bool

    def field(self, name: str) -> str:
        """A field of its control file; empty without one."""
        return str(Deb822(self.control).get(name, ""))

    @property
    def named(self) -> str:
        """Its name and version."""
        return f"{self.field('Package')} {self.field('Version')}"


def index(folder: Path, place: Path, architecture: str) -> tuple[Deb, ...]:
    """The packages of `folder`, indexed for apt in `place`/packages.

    Raises UserError with all that is wrong with them; `place` is then as it was.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; name the one that holds the site's .debs")
    debs = tuple(_read(folder, place / "facts.json"))
    if problems := list(_problems(debs, architecture)):
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise UserError(f"{folder}: {'; '.join([*problems[:_SHOWN], *more])}")
    _write(place / SUITE, debs)
    atomic.write(place / "facts.json", json.dumps([asdict(each) for each in debs]))
    return debs


def _read(folder: Path, facts: Path) -> Iterator[Deb]:
    known = {}
    if facts.is_file():
        known = {each["stamp"]: Deb(**each) for each in json.loads(facts.read_text())}
    # At any depth, as an archive's pool has them.
    for path in sorted(folder.rglob("*.deb")):
        found, file = path.stat(), str(path.relative_to(folder))
        stamp = f"{file} {found.st_size} {found.st_mtime_ns} {found.st_ino}"
        yield known.get(stamp) or _examine(path, file, stamp)


def _examine(path: Path, file: str, stamp: str) -> Deb:
    sha256 = store.sha256_of(path)
    try:
        deb = DebFile(str(path))
        control = deb.control.get_content("control", encoding="utf-8")
        empty = not any(_installs(member) for member in deb.data.tgz())
    except _UNREADABLE as error:
        raise UserError(
            f"{path}: not a whole .deb ({type(error).__name__}: {error}); copy or build it again"
        ) from None
    return Deb(file, stamp, path.stat().st_size, sha256, str(control).strip(), empty)


def _installs(member: tarfile.TarInfo) -> bool:
    name = f"./{member.name.removeprefix('./')}"
    return not member.isdir() and not name.startswith(_DOCUMENTATION)


def _problems(debs: Sequence[Deb], architecture: str) -> Iterator[str]:
    if not debs:
        yield "there is no .deb in it"
    for deb in debs:
        own = deb.field("Architecture")
        if own not in ("all", architecture):
            yield f"{deb.file} is for {own}, the images are {architecture}: build it for that"
        if deb.empty and not _is_meant(deb):
            yield (
                f"{deb.file} has no file but its documentation: its build failed unnoticed "
                "(docs/wheezy.md W17.18), or, if that is meant, its Description must say dummy"
            )
    yield from _repeated(debs)


def _is_meant(deb: Deb) -> bool:
    text = f"{deb.field('Section')} {deb.field('Description')}".lower()
    return deb.field("Section") == "doc" or any(word in text for word in _MEANT)


def _repeated(debs: Iterable[Deb]) -> Iterator[str]:
    files = defaultdict(list)
    for deb in debs:
        files[deb.field("Package")].append(deb.file)
    for name, several in files.items():
        if len(several) > 1:
            yield f"{name} is there more than once ({', '.join(several)}): leave one"


def _write(place: Path, debs: Sequence[Deb]) -> None:
    packages = "\n".join(
        f"{each.control}\nFilename: {each.file}\nSize: {each.size}\nSHA256: {each.sha256}\n"
        for each in debs
    )
    head = store.release_file(LABEL, SUITE, {"Packages": packages.encode()})
    for name, text in {"Packages": packages, "Release": head}.items():
        path = place / name
        if not path.is_file() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic.write(path, text)

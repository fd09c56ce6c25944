"""A lock and its file: one package a line, sorted, with a checksum over all of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from golden import atomic, paths
from golden.definition import Release
from golden.errors import MALFORMED, UserError
from golden.packages import folder, synnefo
from golden.packages.downloads import Download

FORMAT = 1
# The source of what is built here from images/standins/: it has no hash, for every edit changes it.
STANDIN = "stand-in"
# That of what the site's own folder of packages had.
GIVEN = folder.SUITE


@dataclass(frozen=True)
class Locked:
    """One package. `size` in bytes; `source` is the suite and component that had it, as
    sources.list(5) writes them, or `GIVEN`. A stand-in has size 0 and no hash."""

    name: str
    version: str
    architecture: str
    size: int
    sha256: str
    source: str


@dataclass(frozen=True)
class Lock:
    """All packages of all sites of `release`, by name, and all files that they download."""

    release: str
    packages: tuple[Locked, ...]
    downloads: tuple[Download, ...] = ()

    @property
    def debs(self) -> tuple[Locked, ...]:
        """The packages that a pool holds: all but the stand-ins."""
        return tuple(package for package in self.packages if package.source != STANDIN)

    @property
    def files(self) -> tuple[Locked | Download, ...]:
        """All that a pool holds."""
        return (*self.debs, *self.downloads)

    @property
    def versions(self) -> dict[str, str]:
        """The locked versions by name."""
        return {package.name: package.version for package in self.packages}

    def by_name(self) -> dict[str, Locked]:
        """Its packages by name."""
        return {package.name: package for package in self.packages}

    def text(self) -> str:
        """The file's content."""
        rows = [json.dumps(asdict(each)) for each in sorted(self.packages, key=lambda p: p.name)]
        body = ",\n".join(rows)
        if self.downloads:
            files = [json.dumps(asdict(e)) for e in sorted(self.downloads, key=lambda d: d.source)]
            body += '\n],\n"downloads": [\n' + ",\n".join(files)
        head = f'{{"lock": {FORMAT}, "release": {json.dumps(self.release)},\n'
        checksum = hashlib.sha256((head + body).encode()).hexdigest()
        return f'{head}"checksum": "{checksum}",\n"packages": [\n{body}\n]}}\n'


def path(lock_name: str, root: Path = paths.ROOT) -> Path:
    """Where the lock of a release, or of a site with packages of its own, lies in `root`."""
    return root / "images" / "releases" / f"{lock_name}.lock.json"


def pins(lock: Lock | None) -> Mapping[str, str]:
    """The versions that apt must take: none without a lock."""
    return lock.versions if lock else {}


def load(release: Release, root: Path = paths.ROOT) -> Lock | None:
    """The lock of `release`; None when it has none.

    Raises UserError, with the line, for a file that was edited by hand, or that mixes versions of
    Synnefo's packages.
    """
    file = path(release.lock_name, root)
    if not file.is_file():
        return None
    lock = parse(file.read_text(), file.relative_to(root))
    if lock.release != release.lock_name:
        raise UserError(
            f"{file.relative_to(root)}:1: this is the lock of release '{lock.release}'; make "
            f"one of {release.lock_name} with: ./inv lock"
        )
    require_one_synnefo(lock, release, f"{file.relative_to(root)}: ")
    return lock


def write(lock: Lock, root: Path = paths.ROOT) -> Path:
    """Write `lock` to its place, atomically; returns where."""
    file = path(lock.release, root)
    atomic.write(file, lock.text(), durable=True)
    return file


def require_one_synnefo(lock: Lock, release: Release, where: str = "") -> None:
    """Raise UserError when the lock mixes versions of Synnefo's packages."""
    try:
        synnefo.require_one(lock.versions, synnefo.members(release))
    except UserError as error:
        raise UserError(f"{where}{error}") from None


def parse(text: str, file: Path) -> Lock:
    """The lock that `Lock.text` wrote. Raises UserError naming the first line of `file` that
    differs."""
    try:
        data = json.loads(text)
        packages = tuple(_locked(item) for item in data["packages"])
        files = tuple(Download(**item) for item in data.get("downloads", ()))
        lock = Lock(str(data["release"]), packages, files)
    except json.JSONDecodeError as error:
        raise _edited(file, error.lineno, "this is not JSON") from None
    except MALFORMED:
        raise _edited(file, 1, "this is not a lock") from None
    wanted, found = lock.text().splitlines(), text.splitlines()
    lines = [
        number for number, line in enumerate(wanted, 1) if found[number - 1 : number] != [line]
    ]
    if lines == [2]:
        raise _edited(file, 2, "the checksum is not that of the packages below it")
    if lines or text != lock.text():
        # The checksum follows from the others.
        first = next((number for number in lines if number != 2), len(wanted))
        raise _edited(file, first, "this was changed")
    return lock


def _locked(item: Mapping[str, Any]) -> Locked:
    locked = Locked(**item)
    if not all(isinstance(value, str) for name, value in item.items() if name != "size"):
        raise TypeError
    return locked


def _edited(file: Path, line: int, what: str) -> UserError:
    return UserError(
        f"{file}:{line}: {what}: a lock is not edited by hand; restore it with git checkout "
        f"{file}, make a new one with ./inv lock, or move one package with ./inv bump --package "
        "NAME=VERSION"
    )

"""The repositories on this host: stand-ins, a folder of .debs, the pool; which one apt takes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from golden.definition.models import Release
from golden.errors import UserError
from golden.packages import folder, sources, standins


@dataclass(frozen=True)
class Local:
    """A repository in `place`; `line` is for sources.list, `head` the Release file of it."""

    place: Path
    suite: str

    @property
    def line(self) -> str:
        """Its line in sources.list."""
        return sources.own_line(self.place, self.suite)

    @property
    def head(self) -> Path:
        """Its Release file."""
        return self.place / self.suite / "Release"

    @property
    def index(self) -> Path:
        """Its Packages file."""
        return self.place / self.suite / "Packages"

    def has(self, uri: str) -> bool:
        """Whether `uri`, as apt prints it here or where the cache lies elsewhere, is in here: the
        folder's name stands for what it holds."""
        return uri.startswith("copy:") and f"/{self.place.parent.name}/{self.place.name}/" in uri


def standins_of(release: Release, cache: Path) -> Local | None:
    """Where the stand-ins of `release` are built; None where it has none."""
    chosen = _digest(" ".join(release.standins))
    return Local(cache / "standins" / chosen, "./") if release.standins else None


def folder_of(release: Release, cache: Path) -> Local | None:
    """Where the site's folder of packages is indexed; None where it has none."""
    if release.folder is None:
        return None
    return Local(cache / "folders" / _digest(str(release.folder)), folder.SUITE)


def pool_of(release: Release, pool: Path) -> Local | None:
    """The pool of `release`; None while it is empty."""
    found = Local(pool, f"{release.lock_name}/")
    return found if found.head.is_file() else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def preferences(release: Release, versions: Mapping[str, str]) -> str:
    """The file by which apt chooses (apt_preferences(5)): the exact `versions`, and of each package
    either the stand-in or the one of the folder, before those of the other sources."""
    return "\n".join([*_pins(versions), *_origins(release)])


def _pins(versions: Mapping[str, str]) -> list[str]:
    # 1001: also where that means an older version than another suite has.
    return [
        f"Package: {name}\nPin: version {version}\nPin-Priority: 1001\n"
        for name, version in sorted(versions.items())
    ]


def _origins(release: Release) -> Iterator[str]:
    if release.standins:
        played = " ".join(release.standins)
        yield f"Package: {played}\nPin: release l={standins.LABEL}\nPin-Priority: 1001\n"
        if release.folder:
            yield f"Package: {played}\nPin: release l={folder.LABEL}\nPin-Priority: -1\n"
    if release.folder:
        yield f"Package: *\nPin: release l={folder.LABEL}\nPin-Priority: 1001\n"


def require_plain(cache: Path) -> None:
    """Raise UserError for a path that apt.conf(5) or a template of Packer cannot quote."""
    text = str(cache)
    if not text.isprintable() or any(part in text for part in ('"', "\\", "{{")):
        raise UserError(
            f"{text!r}: apt and Packer cannot work below a path with a double quote, a backslash, "
            "'{{' or a control character; move the checkout (or GOLDEN_HOME) to another place"
        )

"""A saved state as it lies in .secrets/SITE.state/NAME/, for its owner alone: it holds passwords,
keys and all data. state.json is its record, a folder per node has the packed files of the target,
one more those of what the nodes share, and the signed SHA256SUMS covers all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from golden import paths, rundir
from golden.boot.target import SHARED
from golden.definition.problems import nearest
from golden.errors import MALFORMED, UserError
from golden.releases import sums

FORMAT = 1
RECORD = "state.json"
# No node can be called that.
_SHARED_FOLDER = "_shared"


@dataclass(frozen=True)
class Part:
    """The state of one node, or SHARED. `instance` is whose it is, `bytes` its length unpacked;
    `files` maps packed files to their SHA-256 and length."""

    instance: str
    bytes: int
    files: Mapping[str, tuple[str, int]]


@dataclass(frozen=True)
class Saved:
    """A saved state. `saved` is when, in UTC; `release` the image release in place then, if any;
    `versions` those of the site's definition then; `parts` are by node, and SHARED."""

    site: str
    name: str
    saved: str
    target: str
    release: str
    versions: Mapping[str, str]
    parts: Mapping[str, Part]

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return folder(self.site) / self.name

    def bytes(self) -> int:
        """The length of all its packed files."""
        return sum(length for part in self.parts.values() for _, length in part.files.values())

    def text(self) -> str:
        """The content of its record."""
        return json.dumps({"state": FORMAT, **asdict(self)}, indent=1) + "\n"

    def verify(self) -> None:
        """Raise UserError unless its files have the bytes that this checkout has signed."""
        then = (
            "take it from another copy; on another host also copy this checkout's .secrets, whose "
            f"key has signed it; or throw it away with: rm -r {paths.shown(self.folder)}"
        )
        sums.verify(self.folder, what="state", then=then)


def folder(site: str) -> Path:
    """Where the saved states of a site lie."""
    return paths.SECRETS / f"{site}.state"


def lock(site: str) -> FileLock:
    """Held while a state of `site` is saved or restored."""
    file = rundir.site_dir(site).with_name(f"{site}.state.lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(file)


def of_part(part: str) -> str:
    """The folder of a part in that of the saved state."""
    return _SHARED_FOLDER if part == SHARED else part


def names(site: str) -> list[str]:
    """The names of a site's saved states, the newest last if nobody named them."""
    return sorted(path.parent.name for path in folder(site).glob(f"[!.]*/{RECORD}"))


def find(site: str, name: str) -> Saved:
    """The saved state `name` of a site, whose bytes nobody has compared yet. Raises UserError."""
    there = names(site)
    if name not in there:
        known = nearest(name, there) if there else f"save one with: ./inv state.save --site {site}"
        raise UserError(f"site {site} has no saved state '{name}'; {known}")
    found = _read(folder(site) / name)
    if (found.site, found.name) != (site, name):
        raise UserError(
            f"{paths.shown(folder(site) / name)}: the state {found.name} of site {found.site}, not "
            f"{name} of {site}; move it to {paths.shown(found.folder)}"
        )
    return found


def _read(place: Path) -> Saved:
    try:
        known = json.loads((place / RECORD).read_text())
        if known.pop("state") == FORMAT:
            parts = {
                part: Part(found["instance"], found["bytes"], _files(found["files"]))
                for part, found in known.pop("parts").items()
            }
            return Saved(**known, parts=parts)
        why = "made by another version of this tool"
    except (OSError, *MALFORMED):
        why = "no record of a saved state"
    raise UserError(f"{paths.shown(place / RECORD)}: {why}; take it from another copy")


def _files(found: Mapping[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
    return {name: (sha256, length) for name, (sha256, length) in found.items()}

"""An image release, as it lies in .artifacts/SITE/releases/ID/: the record release.json, for each
kind a folder with the manifest and its disks, linked and not copied, and the signed SHA256SUMS."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden import manifest, paths
from golden.definition.problems import nearest
from golden.errors import MALFORMED, UserError
from golden.layers.model import digest
from golden.releases import sums

FORMAT = 2
RECORD = "release.json"
# Beside the releases: what was fetched so far of others.
FETCHED = ".fetched"
# Long enough for any two releases of a site to differ, short enough to type.
ID_LETTERS = 12
# The Synnefo version of a site is that of the package which all others of the set depend on.
SYNNEFO = "snf-common"


@dataclass(frozen=True)
class Image:
    """One kind's part of a release: its `folder` holds `files`, which are signed for.

    `files` maps a file's name to its SHA-256 and its length; manifest.json is among them.
    """

    kind: str
    folder: Path
    files: Mapping[str, tuple[str, int]]

    def manifest(self) -> dict[str, Any]:
        """The manifest that the bake wrote."""
        found: dict[str, Any] = json.loads((self.folder / manifest.NAME).read_text())
        return found

    def disk(self, fmt: str) -> Path:
        """The disk in the format `fmt`. Raises UserError when the release has none."""
        path = self.folder / manifest.disk_name(fmt)
        if path.name not in self.files:
            raise UserError(f"{paths.shown(self.folder)} holds no {fmt} disk")
        return path


@dataclass(frozen=True)
class ImageRelease:
    """The images of all kinds of a site that belong together. `baked` is when the last one was,
    in UTC; `lock` stands for the exact packages of all of them."""

    site: str
    id: str
    baked: str
    synnefo: str
    lock: str
    images: Mapping[str, Image]

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return folder(self.site) / self.id

    def bytes(self) -> int:
        """The length of all its files."""
        return sum(length for image in self.images.values() for _, length in image.files.values())

    def verify(self, kinds: Iterable[str] | None = None) -> None:
        """Raise UserError unless its files, or those of `kinds`, have the bytes that this checkout
        has signed."""
        sums.verify(self.folder, kinds)


def folder(site: str) -> Path:
    """Where the releases of a site lie."""
    return paths.ARTIFACTS / site / "releases"


def identity(manifests: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any]) -> str:
    """The id of the release whose kinds have these manifests and disks made with `settings`.

    It does not depend on the format of the disks, nor on when they were baked.
    """
    trees = {kind: found["tree"] for kind, found in manifests.items()}
    facts = [trees, settings, lock_identity(manifests)]
    return digest(json.dumps(facts, sort_keys=True).encode())[:ID_LETTERS]


def lock_identity(manifests: Mapping[str, Mapping[str, Any]]) -> str:
    """Stands for the exact packages that all kinds were baked from."""
    packages = {kind: found["packages"] for kind, found in manifests.items()}
    return digest(json.dumps(packages, sort_keys=True).encode())


def every(site: str) -> tuple[ImageRelease, ...]:
    """The kept releases of a site, the newest first; what `broken` names is passed over."""
    found = [each for each in _found(site) if isinstance(each, ImageRelease)]
    return tuple(sorted(found, key=_age, reverse=True))


def broken(site: str) -> list[str]:
    """A sentence for each release of a site that is none, and why."""
    return [str(each) for each in _found(site) if isinstance(each, UserError)]


def find(site: str, name: str) -> ImageRelease:
    """The release whose id begins with `name`. Raises UserError for none and for several."""
    releases = every(site)
    found = [each for each in releases if name and each.id.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(
            f"'{name}' is the beginning of several releases of site {site}: "
            f"{', '.join(each.id for each in found)}; write more of it"
        )
    for text in broken(site):
        if not releases or (name and f"/releases/{name}" in text):
            raise UserError(text)
    if not releases:
        raise UserError(f"site {site} has no release yet; make one with: ./inv bake --site {site}")
    ids = {each.id for each in releases}
    raise UserError(f"site {site} has no release '{name}'; {nearest(name, ids)}")


def _age(release: ImageRelease) -> tuple[str, str]:
    return release.baked, release.id


def _found(site: str) -> Iterator[ImageRelease | UserError]:
    for path in sorted(folder(site).glob(f"[!.]*/{RECORD}")):
        try:
            yield read(path.parent, site)
        except UserError as error:
            yield error


def read(place: Path, site: str = "") -> ImageRelease:
    """The release in the folder `place`, of `site` if that is given.

    Raises UserError when its record is none, or is that of another release or site.
    """
    try:
        record = json.loads((place / RECORD).read_text())
        if record["release"] != FORMAT:
            why = f"of format {record['release']}, and this version reads {FORMAT}"
        elif record["id"] != place.name:
            why = f"the record of release {record['id']}, in the folder {place.name}"
        elif site and record["site"] != site:
            why = f"of the site {record['site']}, not of {site}"
        else:
            return _release(record, place)
    except (OSError, *MALFORMED):
        why = "no record of a release"
    raise UserError(
        f"{paths.shown(place / RECORD)}: {why}; throw the release away with: "
        f"rm -r {paths.shown(place)}"
    )


def _release(record: Mapping[str, Any], place: Path) -> ImageRelease:
    images = {
        kind: Image(kind, place / kind, {name: tuple(known) for name, known in files.items()})
        for kind, files in record["kinds"].items()
    }
    return ImageRelease(
        record["site"], record["id"], record["baked"], record["synnefo"], record["lock"], images
    )

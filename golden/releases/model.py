"""An image release, as it lies in .artifacts/SITE/releases/ID/: the record release.json with its
signature, and for each kind a folder with the manifest and its disks, linked and not copied."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden import manifest, paths
from golden.definition.problems import nearest
from golden.errors import UserError
from golden.keys import signing
from golden.layers.model import digest

FORMAT = 1
RECORD = "release.json"
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

    @property
    def record(self) -> Path:
        """What is signed."""
        return self.folder / RECORD

    def bytes(self) -> int:
        """The length of all its files."""
        return sum(length for image in self.images.values() for _, length in image.files.values())

    def verify(self, kinds: Iterable[str] | None = None) -> None:
        """Raise UserError unless the record is signed and the files of `kinds` (default: all) have
        the signed bytes."""
        signing.verify(self.record)
        for image in map(self.images.__getitem__, self.images if kinds is None else kinds):
            for name, (sha256, _) in image.files.items():
                path = image.folder / name
                if not path.is_file() or manifest.sha256(path) != sha256:
                    raise UserError(
                        f"{paths.shown(path)}: not the bytes that release {self.id} is signed for; "
                        f"throw the release away with: rm -r {paths.shown(self.folder)}"
                    )


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
    """The kept releases of a site, the newest first. One without a readable record is passed over:
    `rm` of a release may have been cut short."""
    found = (_read(site, path.parent) for path in folder(site).glob(f"[!.]*/{RECORD}"))
    return tuple(sorted((each for each in found if each), key=_age, reverse=True))


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
    if not releases:
        raise UserError(f"site {site} has no release yet; make one with: ./inv bake --site {site}")
    ids = {each.id for each in releases}
    raise UserError(f"site {site} has no release '{name}'; {nearest(name, ids)}")


def _age(release: ImageRelease) -> tuple[str, str]:
    return release.baked, release.id


def _read(site: str, place: Path) -> ImageRelease | None:
    try:
        record = json.loads((place / RECORD).read_text())
    except (OSError, ValueError):
        return None
    if record.get("release") != FORMAT:
        return None
    images = {
        kind: Image(kind, place / kind, {name: tuple(known) for name, known in files.items()})
        for kind, files in record["kinds"].items()
    }
    return ImageRelease(
        site, place.name, record["baked"], record["synnefo"], record["lock"], images
    )

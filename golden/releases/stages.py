"""The stage of each image release of a site: candidate, then current, then previous.

Everything that must change at once is behind one link, .artifacts/SITE/.now: the stages and, after
the first switch, the artifacts of every kind. A killed switch has moved that link or has not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from golden import manifest, paths
from golden.releases.model import ImageRelease, every

NOW = ".now"
FILE = "stages.json"
# Releases that were never promoted are kept for going back, the newest so many.
KEPT = 3


@dataclass(frozen=True)
class Stages:
    """The ids of the releases that were promoted; each that was not is a candidate. `retired` were
    previous once."""

    current: str = ""
    previous: str = ""
    retired: tuple[str, ...] = ()

    def stage_of(self, release: ImageRelease) -> str:
        """The stage of `release`, in a word."""
        promoted = {self.current: "current", self.previous: "previous"}
        word = "retired" if release.id in self.retired else "candidate"
        return promoted.get(release.id, word)

    def promoted(self) -> frozenset[str]:
        """The ids of what nothing removes by itself."""
        return frozenset({self.current, self.previous} - {""})

    def promote(self, identity: str) -> Stages:
        """What is when the release `identity` is made the current one."""
        if identity == self.current:
            return self
        out = () if self.previous in ("", identity) else (self.previous,)
        retired = tuple(each for each in (*self.retired, *out) if each != identity)
        return Stages(identity, self.current, retired)

    def text(self) -> str:
        """The content of the file."""
        return json.dumps(asdict(self), indent=1) + "\n"


def now(site: str) -> Path:
    """The link behind which a site's stages and switched artifacts lie."""
    return paths.ARTIFACTS / site / NOW


def read(site: str) -> Stages:
    """The stages of a site; nothing is promoted where no file says so."""
    try:
        found = json.loads((now(site) / FILE).read_text())
    except FileNotFoundError:
        return Stages()
    return Stages(found["current"], found["previous"], tuple(found["retired"]))


def in_place(site: str) -> ImageRelease | None:
    """The release whose disks are the site's artifacts now."""
    return next((release for release in every(site) if _is_in_place(release)), None)


def superseded(site: str, spared: Iterable[str] = ()) -> list[ImageRelease]:
    """The releases, the newest first, that are neither promoted, nor in place, nor `spared`."""
    there = in_place(site)
    kept = {*read(site).promoted(), *spared, there.id if there else ""}
    return [release for release in every(site) if release.id not in kept]


def all_releases() -> Iterator[ImageRelease]:
    """The kept releases of every site."""
    for folder in paths.ARTIFACTS.glob("*/releases"):
        yield from every(folder.parent.name)


def layers() -> frozenset[str]:
    """The keys of the layers of all artifacts in place and of promoted releases: containers run
    from layers, and a rollback brings no new ones."""
    manifests = list(paths.ARTIFACTS.glob(f"*/*/{manifest.NAME}"))
    for release in all_releases():
        if release.id in read(release.site).promoted():
            manifests += [image.folder / manifest.NAME for image in release.images.values()]
    found = (json.loads(path.read_text()) for path in manifests)
    return frozenset(layer["key"] for each in found for layer in each.get("layers", ()))


def _is_in_place(release: ImageRelease) -> bool:
    return all(_lies(release, kind) for kind in release.images)


def _lies(release: ImageRelease, kind: str) -> bool:
    found = (manifest.read(release.site, kind) or {}).get("artifacts", {})
    signed = release.images[kind].files
    place = manifest.folder(release.site, kind)
    return bool(found) and all(
        record["file"] in signed
        and record["sha256"] == signed[record["file"]][0]
        and manifest.is_whole(place, record)
        for record in found.values()
    )

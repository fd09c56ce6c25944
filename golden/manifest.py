"""manifest.json beside an artifact: everything it was made from, for audits and rebuilds.

It is signed when the disk is made. Whatever boots, writes, uploads or signs a disk takes it from
`verified`, which compares its bytes with that record.
"""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden import atomic, paths
from golden.errors import UserError
from golden.keys import signing

FORMAT = 1
NAME = "manifest.json"
# Beside it: the packages of the image, for scanners.
SBOM = "sbom.cdx.json"


@dataclass(frozen=True)
class Artifact:
    """A disk of one kind. `bytes` is its size on the host, `fresh` whether this bake made it."""

    site: str
    kind: str
    format: str
    path: Path
    bytes: int
    sha256: str
    fresh: bool = False

    @property
    def manifest(self) -> Path:
        """The record beside it."""
        return self.path.with_name(NAME)


def folder(site: str, kind: str) -> Path:
    """The folder of the artifacts of a kind."""
    return paths.ARTIFACTS / site / kind


def disk_path(site: str, kind: str, fmt: str) -> Path:
    """The disk of a kind in the format `fmt`; for `tree` the list of its layers."""
    return folder(site, kind) / disk_name(fmt)


def disk_name(fmt: str) -> str:
    """The file name of a disk in the format `fmt`."""
    return "layers.json" if fmt == "tree" else f"disk.{fmt}"


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as manifests record it."""
    found = path.stat()
    # The kernel alone sets st_ctime, at every write and whatever utime(2) is told.
    return _sha256(path, (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))


@functools.cache
def _sha256(path: Path, stamp: tuple[int, ...]) -> str:
    del stamp
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(site: str, kind: str) -> dict[str, Any] | None:
    """The manifest of a kind's artifacts; None where this checkout has baked and signed none."""
    place = folder(site, kind)
    return load(place) if signing.is_valid(place / NAME) else None


def require(site: str, kind: str) -> dict[str, Any]:
    """The manifest of a kind's artifacts. Raises UserError where nothing was baked, or where it is
    not the one that this checkout signed."""
    file, then = folder(site, kind) / NAME, f"bake it with: ./inv bake --site {site}"
    if not file.is_file():
        raise UserError(f"site '{site}' has no baked '{kind}': {then}")
    signing.verify(file, then=then)
    found = load(file.parent)
    if found is None:
        raise UserError(f"{paths.shown(file)}: made by another version of this tool; {then}")
    return found


def origins(site: str, kinds: Iterable[str]) -> dict[str, str]:
    """{name: "stand-in" or "packages/"} of the packages in the images of `kinds` that are no
    release's own."""
    found = (read(site, kind) or {} for kind in kinds)
    return {name: origin for each in found for name, origin in each.get("origins", {}).items()}


def load(folder: Path) -> dict[str, Any] | None:
    """The manifest in `folder`, or None where there is none that this version reads."""
    try:
        manifest = json.loads((folder / NAME).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return manifest if manifest.get("manifest") == FORMAT else None


def artifact(site: str, kind: str, fmt: str = "qcow2") -> Artifact:
    """The baked disk of a kind. Raises UserError when there is none."""
    found = find(site, kind, fmt, None)
    if found is None:
        raise UserError(
            f"site '{site}' has no baked {fmt} disk of '{kind}': run ./inv bake --site {site}"
        )
    return found


def verified(site: str, kind: str, formats: Sequence[str]) -> Artifact:
    """The newest baked disk of a kind in one of `formats`, after all its bytes were compared with
    its signed manifest.

    Raises UserError naming the file that is missing or was changed.
    """
    known = require(site, kind)["artifacts"]
    there = [fmt for fmt in formats if fmt in known and disk_path(site, kind, fmt).is_file()]
    if not there:
        raise UserError(
            f"{paths.shown(folder(site, kind))}: no {' or '.join(formats)} disk is baked for the "
            f"kind {kind}; bake it with: ./inv bake --site {site}"
        )
    newest = max(there, key=lambda fmt: disk_path(site, kind, fmt).stat().st_mtime_ns)
    compare(site, kind, newest)
    record = known[newest]
    path = disk_path(site, kind, newest)
    return Artifact(site, kind, newest, path, record["bytes"], record["sha256"])


def compare(site: str, kind: str, fmt: str) -> None:
    """Raise UserError unless the disk in the format `fmt`, and what is beside it, have the bytes
    that the manifest was signed for."""
    found = require(site, kind)
    disk = found["artifacts"][fmt]
    for name, signed in {disk["file"]: disk["sha256"], **found.get("beside", {})}.items():
        path = folder(site, kind) / name
        if not path.is_file() or sha256(path) != signed:
            raise UserError(
                f"{paths.shown(path)}: not the bytes that its manifest was signed for; have it "
                f"made again with: ./inv bake --paranoid --site {site}"
            )


def find(site: str, kind: str, fmt: str, key: str | None) -> Artifact | None:
    """The baked disk if it has its full length and was made from `key` (None: any); else None."""
    manifest = read(site, kind)
    record = (manifest or {}).get("artifacts", {}).get(fmt)
    path = disk_path(site, kind, fmt)
    if record is None or (key is not None and record["key"] != key):
        return None
    if not is_whole(path.parent, record):
        return None
    return Artifact(site, kind, fmt, path, record["bytes"], record["sha256"])


def is_whole(folder: Path, record: Mapping[str, Any]) -> bool:
    """Whether the disk of `record`, from a manifest, is in `folder` at its full length."""
    path = folder / str(record["file"])
    return path.is_file() and path.stat().st_size == record["length"]


def write(
    site: str, kind: str, fmt: str, record: Mapping[str, Any], facts: Mapping[str, Any]
) -> None:
    """Record the artifact of format `fmt`, and `facts` about the tree it holds.

    A disk of the other format stays in the manifest as long as it holds the same tree.
    """
    old = read(site, kind)
    same = old is not None and old["tree"] == facts["tree"]
    others = {f: r for f, r in old["artifacts"].items() if f != fmt} if old and same else {}
    manifest = {
        "manifest": FORMAT,
        "site": site,
        "kind": kind,
        "baked": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        **facts,
        "artifacts": {**others, fmt: dict(record)},
    }
    replace(site, kind, manifest)


def replace(site: str, kind: str, manifest: Mapping[str, Any]) -> None:
    """Make `manifest`, as `read` gives it, the record beside the artifacts of a kind."""
    target = folder(site, kind) / NAME
    atomic.write(target, text(manifest))
    # Until it is signed, there is no manifest for `read`, and a bake makes the disk again.
    signing.sign(target)


def text(manifest: Mapping[str, Any]) -> str:
    """The content of a manifest.json."""
    return json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"

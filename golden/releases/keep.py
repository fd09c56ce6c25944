"""Keep the disks of a bake as an image release, and restore those of an earlier one.

A disk is never written to once it is published, so a release holds it by a second link: it costs
nothing until the bake after it replaces the first one.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from golden import atomic, log, manifest
from golden.keys.signing import sign
from golden.releases import model, provenance, stages, sums
from golden.releases.model import Image, ImageRelease

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class Kept:
    """A disk of format `format` that a release still has."""

    release: ImageRelease
    image: Image
    format: str


def lock(site: str) -> FileLock:
    """Held while releases of `site` are made, switched or removed."""
    model.folder(site).mkdir(parents=True, exist_ok=True)
    return FileLock(model.folder(site) / ".lock")


def taken_from(site: str, kind: str, fmt: str, key: str) -> Kept | None:
    """The release that still has the disk of `kind` made from `key`, with the bytes of then."""
    for release in model.every(site):
        image = release.images.get(kind)
        record = image.manifest()["artifacts"].get(fmt) if image else None
        if not image or not record or record["key"] != key:
            continue
        whole = manifest.is_whole(image.folder, record)
        if whole and manifest.sha256(image.disk(fmt)) == record["sha256"]:
            return Kept(release, image, fmt)
    return None


def take_back(kept: Kept) -> None:
    """Restore the disks of a kept image as artifacts, byte for byte.

    Raises UserError, and changes nothing, when they are not what was signed.
    """
    release, image = kept.release, kept.image
    release.verify([image.kind])
    place = manifest.folder(release.site, image.kind)
    place.mkdir(parents=True, exist_ok=True)
    old, found = manifest.read(release.site, image.kind), image.manifest()
    files = [record["file"] for record in found["artifacts"].values()]
    for name in [*files, *found.get("beside", {})]:
        link(image.folder / name, place / name)
    if old and old["tree"] == found["tree"]:
        found["artifacts"] = {**old["artifacts"], **found["artifacts"]}
    manifest.replace(release.site, image.kind, found)


def record(site: str, settings: Mapping[str, Mapping[str, str]]) -> ImageRelease:
    """Keep what lies baked of the kinds of `settings` as one release; the one there is if it is
    the same. `settings` are, for each kind, what its disks are made with besides the tree."""
    manifests = {kind: manifest.require(site, kind) for kind in settings}
    identity = model.identity(manifests, settings)
    with lock(site):
        there = next((each for each in model.every(site) if each.id == identity), None)
        if there and all(_has_all(there, kind, found) for kind, found in manifests.items()):
            return there
        _publish(site, identity, manifests, there)
        for old in stages.superseded(site, [identity])[stages.KEPT :]:
            remove(old)
    return model.find(site, identity)


def remove(release: ImageRelease) -> None:
    """Remove a release; disks that are also artifacts stay as such."""
    gone = release.folder.with_name(f".{release.id}.gone")
    shutil.rmtree(gone, ignore_errors=True)
    release.folder.rename(gone)
    shutil.rmtree(gone)


def link(source: Path, target: Path) -> None:
    """Make `target` the same file as `source` in one step."""
    new = atomic.partial(target)
    os.link(source, new)
    new.replace(target)
    # rename(2) does nothing where both are the same file already.
    new.unlink(missing_ok=True)


def _has_all(release: ImageRelease, kind: str, found: Manifest) -> bool:
    """Whether the release holds every disk that lies baked of `kind`."""
    image = release.images[kind]
    known = image.manifest()["artifacts"]
    return all(
        fmt in known and manifest.is_whole(image.folder, known[fmt]) for fmt in found["artifacts"]
    )


def _publish(
    site: str, identity: str, manifests: Mapping[str, Manifest], there: ImageRelease | None
) -> None:
    partial = model.folder(site) / f".{identity}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    kinds = {
        kind: _gather(site, found, partial / kind, there.images[kind] if there else None)
        for kind, found in manifests.items()
    }
    facts = {
        "release": model.FORMAT,
        "id": identity,
        "site": site,
        "baked": max(found["baked"] for found in manifests.values()),
        "synnefo": _synnefo(manifests),
        "lock": model.lock_identity(manifests),
        "kinds": kinds,
    }
    signed = {f"{kind}/{name}": fact[0] for kind in kinds for name, fact in kinds[kind].items()}
    own = {
        model.RECORD: json.dumps(facts, indent=1) + "\n",
        provenance.NAME: provenance.text(site, manifests, signed),
    }
    for name, content in own.items():
        atomic.write(partial / name, content, durable=True)
    sums.write(partial, {**signed, **{name: manifest.sha256(partial / name) for name in own}})
    atomic.put(partial, model.folder(site) / identity)
    log.detail(f"kept as release {identity} in {model.folder(site)}")


def _gather(
    site: str, found: Manifest, target: Path, there: Image | None
) -> dict[str, tuple[str, int]]:
    """Link the disks of one kind, those of `there` first: a release keeps the bytes it has."""
    target.mkdir(parents=True)
    sources = {fmt: (manifest.folder(site, found["kind"]), found) for fmt in found["artifacts"]}
    if there:
        kept = there.manifest()
        whole = [
            fmt for fmt, each in kept["artifacts"].items() if manifest.is_whole(there.folder, each)
        ]
        sources |= dict.fromkeys(whole, (there.folder, kept))
    artifacts, files = {}, {}
    for fmt, (folder, origin) in sources.items():
        each = origin["artifacts"][fmt]
        if manifest.is_whole(folder, each):
            if folder == manifest.folder(site, found["kind"]):
                manifest.compare(site, found["kind"], fmt)
            os.link(folder / each["file"], target / each["file"])
            artifacts[fmt], files[each["file"]] = each, (each["sha256"], each["length"])
    for name, sha256 in found.get("beside", {}).items():
        os.link(manifest.folder(site, found["kind"]) / name, target / name)
        files[name] = (sha256, (target / name).stat().st_size)
    path = target / manifest.NAME
    atomic.write(path, manifest.text({**found, "artifacts": artifacts}))
    own = {each.name: (manifest.sha256(each), each.stat().st_size) for each in (path, sign(path))}
    return {**files, **own}


def _synnefo(manifests: Mapping[str, Manifest]) -> str:
    found = (each["packages"].get(model.SYNNEFO, "") for each in manifests.values())
    return next((version for version in found if version), "")

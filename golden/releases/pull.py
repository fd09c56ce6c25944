"""`inv release.pull`: an image release from an OCI registry, proven before this checkout has it.

What is signed comes first: no disk is fetched of a release whose record, or whose image manifest,
is not that of the key. What is fetched lies in .artifacts/SITE/releases/.fetched/ until whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from filelock import FileLock

from golden import atomic, log, manifest, paths
from golden.errors import MALFORMED, UserError, explain_full_disk
from golden.keys import signing
from golden.releases import keep, model, sums
from golden.releases.push import LATEST, TITLE, meter, sha256_of
from golden.releases.registry import Reference, Registry, digest, reference


@dataclass(frozen=True)
class _Offer:
    """What the registry has: `files` is {name: (SHA-256, bytes)}, `record` the signed SHA256SUMS,
    and `site` and `id` are those of the release."""

    files: Mapping[str, tuple[str, int]]
    record: bytes
    site: str
    id: str


def pull(where: str, key: str = "", *, insecure: bool = False) -> None:
    """Fetch the release at `where`, REGISTRY/REPO[:TAG|@DIGEST], or what is lacking of it.

    `key` names a file with the public key of the checkout that made it (default: this one's, or one
    that it trusts), which this checkout trusts from then on. Raises UserError, and changes nothing,
    when a byte is not what was signed; StageError when the registry does not answer.
    """
    public = signing.read_key(Path(key)) if key else None
    at = reference(where)
    registry = Registry(at, insecure=insecure)
    content = registry.manifest(at.digest or at.tag or LATEST)
    if content is None:
        raise UserError(f"{where}: no such release there; push it with: ./inv release.push ID {at}")
    offer = _offer(registry, at, content, public)
    place = model.folder(offer.site) / offer.id
    fetched = 0
    if place.is_dir():
        if (place / sums.NAME).read_bytes() != offer.record:
            raise UserError(
                f"{paths.shown(place)}: this checkout has a release of the same id that was baked "
                f"or signed by itself; to have the other: rm -r {paths.shown(place)}"
            )
        count = sums.verify(place, key=public)
    else:
        count, fetched = _fetch(registry, offer, place, public)
    if public:
        signing.trust(public)
    log.info(
        f"release {offer.id} of site {offer.site} is {at}@{digest(content)}: SHA256SUMS is signed, "
        f"and its {count} files have the bytes that it records; {fetched / 1e6:.0f} MB fetched\n"
        f"make it current with: ./inv release.promote {offer.id} --site {offer.site}"
    )


def _offer(registry: Registry, at: Reference, content: bytes, public: bytes | None) -> _Offer:
    """What the image manifest `content` offers. Raises UserError unless it is what was signed."""
    try:
        layers = json.loads(content)["layers"]
        files = {one["annotations"][TITLE]: (sha256_of(one), int(one["size"])) for one in layers}
        record, signed = (registry.blob(files[name][0]) for name in (sums.NAME, sums.SIGNATURE))
        if not signing.is_signed(record, signed, public):
            raise UserError(
                f"{at}: its SHA256SUMS was changed, or signed by another checkout; name a file "
                "with that one's public key by --key (it is written there by ./inv release.key)"
            )
        known = sums.read(record.decode())
        facts = json.loads(registry.blob(known[model.RECORD]))
        kinds = facts["kinds"].items()
        sizes = {f"{kind}/{name}": each[1] for kind, some in kinds for name, each in some.items()}
        _compare(at, files, known, sizes)
        _refuse_paths(at, [facts["site"], facts["id"], *files])
    except MALFORMED:
        raise UserError(f"{at}: no image release; name one that release.push has sent") from None
    return _Offer(files, record, facts["site"], facts["id"])


def _compare(
    at: Reference,
    files: Mapping[str, tuple[str, int]],
    known: Mapping[str, str],
    sizes: Mapping[str, int],
) -> None:
    """Raise UserError unless `files` are those that the record has `known`, with their `sizes`."""
    names = {*files, *known} - {sums.NAME, sums.SIGNATURE}
    for name in sorted(names):
        sha256, size = files.get(name, ("", 0))
        if sha256 != known.get(name) or size != sizes.get(name, size):
            raise UserError(
                f"{at}: the image manifest has another {name} than SHA256SUMS is signed for; "
                "push the release again"
            )


def _refuse_paths(at: Reference, names: list[str]) -> None:
    """Raise UserError for a name that would lie elsewhere, or be hidden, whoever signed it."""
    for name in names:
        parts = PurePosixPath(name).parts
        if "/".join(parts) != name or any(part[0] in "./" for part in parts):
            raise UserError(f"{at}: names a file {log.printable(name)!r}, as no release does")


def _fetch(registry: Registry, offer: _Offer, place: Path, public: bytes | None) -> tuple[int, int]:
    """Have the release in the folder `place`, whole; (files, bytes fetched)."""
    stage = place.parent / model.FETCHED / offer.id
    stage.mkdir(parents=True, exist_ok=True)
    hint = "make room (./inv gc --dry-run shows what can go) and run it again: it goes on"
    with (
        FileLock(stage.with_name(f".{offer.id}.lock")),
        explain_full_disk("registry", paths.shown(stage), hint),
    ):
        fetched = _gather(registry, offer, stage)
        count = sums.verify(stage, key=public)
        model.read(stage, offer.site)
        atomic.flush(*(stage / name for name in offer.files))
        with keep.lock(offer.site):
            stage.rename(place)
    return count, fetched


def _gather(registry: Registry, offer: _Offer, stage: Path) -> int:
    """Put every file into the folder `stage`: by another link where a release here has it."""
    here = {
        sha256: image.folder / name
        for release in model.every(offer.site)
        for image in release.images.values()
        for name, (sha256, _) in image.files.items()
    }
    fetched = 0
    with log.progress() as progress:
        for name, (sha256, size) in offer.files.items():
            task, target = progress.task(name), stage / name
            target.parent.mkdir(exist_ok=True)
            same = here.get(sha256)
            if same and same.is_file() and manifest.sha256(same) == sha256:
                target.unlink(missing_ok=True)
                os.link(same, target)
            else:
                there = target.stat().st_size if target.is_file() else 0
                registry.download(sha256, size, target, meter(task, size))
                fetched += max(0, size - there)
            target.chmod(0o444)
            task.done()
    return fetched

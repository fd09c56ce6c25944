"""`inv release.push`: an image release in an OCI registry, as `oras push` lays it down.

One image manifest names every file of the release as a blob with its path for a title, so that
`oras pull` gives the folder that `inv verify` proves. SBOMs, provenance and signed manifests refer
to it as its subject: `oras discover` and scanners find them. Their blobs are those of the release.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from golden import log, manifest
from golden.keys import signing
from golden.releases import model, provenance, sums
from golden.releases.model import ImageRelease
from golden.releases.registry import (
    FILE,
    IMAGE,
    INDEX,
    Registry,
    digest,
    reference,
    referrers_tag,
)

ARTIFACT = "application/vnd.golden.release.v1"
MANIFEST_ARTIFACT = "application/vnd.golden.manifest.v1+json"
TITLE = "org.opencontainers.image.title"
CREATED = "org.opencontainers.image.created"
LATEST = "latest"
# https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md#guidance-for-an-empty-descriptor
EMPTY = b"{}"
_EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(EMPTY), "size": 2}

Files = Mapping[str, str]
Descriptor = dict[str, Any]


def push(name: str, site: str, where: str, *, insecure: bool = False) -> None:
    """Send what the registry lacks of the release `name` (an id, or the start of one) to `where`,
    REGISTRY/REPO[:TAG].

    Raises UserError when the release is damaged or the registry refuses it, StageError when it
    does not answer.
    """
    to = reference(where)
    release = model.find(site, name)
    release.verify()
    files = sums.files(release.folder)
    registry = Registry(to, insecure=insecure)
    sent = _send_blobs(registry, release, files)
    image = _image(release, ARTIFACT, files)
    tags = dict.fromkeys((release.id, to.tag or LATEST))
    manifests = sum(_put(registry, tag, image) for tag in tags)
    manifests += _put_referrers(registry, release, files, _describe(image, ARTIFACT))
    log.info(
        f"release {release.id} of site {site} is {to}@{digest(image)}, tagged {', '.join(tags)}: "
        f"{sum(sent.values()) / 1e6:.0f} MB in {len(sent)} of {len(files)} files and "
        f"{manifests} manifests were sent, the registry had the others"
    )


def _send_blobs(registry: Registry, release: ImageRelease, files: Files) -> dict[str, int]:
    """{name: size} of what was sent."""
    sent = {}
    with log.progress() as progress:
        registry.upload(io.BytesIO(EMPTY), sha256_of(_EMPTY), lambda _: None)
        for name, sha256 in files.items():
            path, task = release.folder / name, progress.task(name)
            size = path.stat().st_size
            with path.open("rb") as file:
                if registry.upload(file, sha256, meter(task, size)):
                    sent[name] = size
            task.done("sent" if name in sent else "there already")
    return sent


def sha256_of(described: Mapping[str, Any]) -> str:
    """The SHA-256 in a descriptor, without its algorithm's name."""
    return str(described["digest"]).partition(":")[2]


def meter(task: log.Task, size: int) -> Callable[[int], None]:
    """Lets `task` say how many of `size` bytes have gone through."""
    return lambda at: task.say(f"{at / 1e6:.0f} of {size / 1e6:.0f} MB")


def _image(
    release: ImageRelease, kind: str, files: Files, subject: Descriptor | None = None
) -> bytes:
    """The image manifest of an artifact of the type `kind`; the same for the same files."""
    layers = [
        {
            "mediaType": FILE,
            "digest": f"sha256:{sha256}",
            "size": (release.folder / name).stat().st_size,
            "annotations": {TITLE: name},
        }
        for name, sha256 in files.items()
    ]
    found = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "artifactType": kind,
        "config": _EMPTY,
        "layers": layers,
        **({"subject": subject} if subject else {}),
        "annotations": {CREATED: release.baked, TITLE: f"{release.site} {release.id}"},
    }
    return json.dumps(found, indent=1).encode()


def _describe(content: bytes, kind: str) -> Descriptor:
    facts = {"mediaType": IMAGE, "digest": digest(content), "size": len(content)}
    return {**facts, "artifactType": kind}


def _put(registry: Registry, name: str, content: bytes) -> bool:
    if registry.manifest(name) == content:
        return False
    registry.put_manifest(name, content)
    return True


# ---- what refers to the release


def _referring(files: Files) -> Iterator[tuple[str, Files]]:
    """(type, files) of each artifact whose subject is the release."""
    yield "application/vnd.in-toto+json", {provenance.NAME: files[provenance.NAME]}
    for name, sha256 in files.items():
        if Path(name).name == manifest.SBOM:
            yield "application/vnd.cyclonedx+json", {name: sha256}
        elif Path(name).name == manifest.NAME:
            signed = f"{name}{signing.SUFFIX}"
            yield MANIFEST_ARTIFACT, {name: sha256, signed: files[signed]}


def _put_referrers(
    registry: Registry, release: ImageRelease, files: Files, subject: Descriptor
) -> int:
    """Send the referrers that the registry does not list; how many manifests that were."""
    index, kept = registry.referrers(subject["digest"])
    listed: list[Descriptor] = json.loads(index)["manifests"] if index else []
    there = {each["digest"] for each in listed}
    about = {name: subject[name] for name in ("mediaType", "digest", "size")}
    new = []
    for kind, some in _referring(files):
        content = _image(release, kind, some, about)
        if digest(content) not in there:
            registry.put_manifest(digest(content), content)
            new.append(_describe(content, kind))
    if new and not kept:
        registry.put_manifest(referrers_tag(subject["digest"]), _index([*listed, *new]), INDEX)
        return len(new) + 1
    return len(new)


def _index(manifests: Iterable[Descriptor]) -> bytes:
    found = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(manifests)}
    return json.dumps(found, indent=1).encode()

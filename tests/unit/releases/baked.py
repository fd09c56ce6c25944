"""A site as a bake leaves it, in a few bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from golden import manifest, releases
from golden.releases import ImageRelease

SITE = "lab"
KINDS = ("master", "node")


def disk(kind: str, version: str, fmt: str = "qcow2") -> None:
    """Lay the disk of `kind` as the bake of `version` makes it."""
    path = manifest.disk_path(SITE, kind, fmt)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content(kind, version, fmt))
    path.chmod(0o444)
    record: dict[str, Any] = {
        "file": path.name,
        "key": key(kind, version, fmt),
        "length": path.stat().st_size,
        "bytes": 4096,
        "sha256": manifest.sha256(path),
        "seconds": {"all": 1.0},
        "inputs": {},
    }
    bill = path.with_name("sbom.cdx.json")
    bill.unlink(missing_ok=True)
    bill.write_text(version)
    facts = {
        "beside": {bill.name: manifest.sha256(bill)},
        "tree": f"{kind} {version}",
        "packages": {"snf-common": version},
        "layers": [
            {"name": f"{kind}.site", "key": f"{kind}-{version}", "content": "", "seconds": 1.0}
        ],
    }
    manifest.write(SITE, kind, fmt, record, facts)


def content(kind: str, version: str, fmt: str = "qcow2") -> bytes:
    """The bytes of that disk."""
    return f"{fmt} of {kind} at {version}".encode()


def key(kind: str, version: str, fmt: str = "qcow2") -> str:
    """Its identity."""
    return f"{fmt}-{kind}-{version}"


def bake(version: str, fmt: str = "qcow2", kinds: Sequence[str] = KINDS) -> ImageRelease:
    """All kinds at `version`, recorded as the bake does it."""
    for kind in kinds:
        disk(kind, version, fmt)
    return releases.record(SITE, {kind: {"size": "1"} for kind in kinds})


def in_place(fmt: str = "qcow2") -> list[bytes]:
    """What lies baked now, in the order of the kinds."""
    return [manifest.disk_path(SITE, kind, fmt).read_bytes() for kind in KINDS]


def all_of(version: str) -> list[bytes]:
    """What `in_place` is after the bake of `version`."""
    return [content(kind, version) for kind in KINDS]

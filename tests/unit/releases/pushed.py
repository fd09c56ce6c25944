"""What tests of a registry push, and how it lies there."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from golden import paths
from golden.keys import signing
from golden.releases import ImageRelease, registry
from tests.unit.releases import baked

LARGE = 3 << 20


def bake(version: str = "1", size: int = 0) -> ImageRelease:
    """A release; with `size`, the disk of `node` has so many bytes that do not compress."""
    if size:
        whole = baked.content

        def content(kind: str, version: str, fmt: str = "qcow2") -> bytes:
            head = whole(kind, version, fmt)
            return head * (size // len(head)) if kind == "node" else head

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(baked, "content", content)
            return baked.bake(version)
    return baked.bake(version)


def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go on as another checkout: fresh folders, and another key; the public key of the first."""
    key = tmp_path / "first.pem"
    signing.export(str(key))
    for name in ("artifacts", "cache", "secrets"):
        monkeypatch.setattr(paths, name.upper(), tmp_path / "other" / name)
    return key


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def layers(repo: str, name: str) -> list[dict[str, object]]:
    host, _, path = repo.partition("/")
    answer = requests.get(
        f"http://{host}/v2/{path}/manifests/{name}", headers={"Accept": registry.IMAGE}, timeout=9
    )
    return list(answer.json()["layers"])


def digest_said(text: str) -> str:
    return text.partition("@")[2].partition(",")[0].partition(":")[2].partition(":")[0][:64]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

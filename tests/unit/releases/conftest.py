from __future__ import annotations

from pathlib import Path

import pytest

from golden import paths
from golden.keys import signing


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A key as a checkout makes it at its first signature, made once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "SECRETS", tmp_path_factory.mktemp("secrets"))
        signing.public_key()
        return (paths.SECRETS / "signing.key").read_bytes()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signing_key: bytes) -> Path:
    """A home of its own for artifacts and caches, with a signing key."""
    for name in ("ARTIFACTS", "CACHE", "SECRETS"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    paths.SECRETS.mkdir()
    (paths.SECRETS / "signing.key").write_bytes(signing_key)
    return tmp_path

from __future__ import annotations

from pathlib import Path

import pytest

from golden import paths


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for artifacts, caches and the signing key."""
    for name in ("ARTIFACTS", "CACHE", "SECRETS"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    return tmp_path

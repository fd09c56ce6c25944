from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(own_home: Path) -> Path:
    """A home of its own for artifacts and caches, with a signing key."""
    return own_home

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.small_tree import SmallTree


@pytest.fixture
def tree(tmp_path: Path) -> SmallTree:
    """A small valid checkout of its own."""
    return SmallTree(tmp_path)

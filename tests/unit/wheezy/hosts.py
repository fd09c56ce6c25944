"""A host's cache and a checkout's lock, which tests exchange for another host's."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import pytest

from golden import paths
from golden.lock import locked, making
from golden.lock import pool as fill
from golden.packages import AptState


@dataclass
class Host:
    """A checkout's place for its lock, and a cache."""

    root: Path
    cache: Path

    def files(self) -> dict[str, bytes]:
        """The whole pool."""
        pool = self.cache / "pool"
        found = (path for path in pool.rglob("*") if path.is_file())
        return {str(path.relative_to(pool)): path.read_bytes() for path in found}


def at(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything work with this cache."""
    monkeypatch.setattr(paths, "CACHE", cache)
    for module in (making, fill, locked):
        monkeypatch.setattr(module, "AptState", functools.partial(AptState, cache=cache))

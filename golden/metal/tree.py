"""Files of baked layers, read where they lie: nothing is mounted, so no root is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from golden.errors import StageError

_MOST_LINKS = 20


@dataclass(frozen=True)
class Tree:
    """The file system that `layers` make together, the top one first."""

    layers: Sequence[Path]

    def resolve(self, path: str) -> str | None:
        """The absolute `path` without any link in it; None when nothing is there."""
        links = 0
        done, left = PurePosixPath("/"), [part for part in path.split("/") if part]
        while left:
            place = done / left.pop(0)
            if place.name == "..":
                done = done.parent
                continue
            here = self._lookup(place)
            if here is None or links > _MOST_LINKS:
                return None
            if not here.is_symlink():
                done = place
                continue
            links += 1
            target = str(here.readlink())
            left = [*(part for part in target.split("/") if part), *left]
            done = PurePosixPath("/") if target.startswith("/") else done
        return str(done)

    def find(self, path: str) -> Path | None:
        """Where the content of the file `path` lies on this host; None when there is none."""
        real = self.resolve(path)
        here = self._lookup(PurePosixPath(real)) if real else None
        return here if here and here.is_file() else None

    def link(self, path: str) -> str | None:
        """Where the link `path` leads; None when it is none."""
        here = self._lookup(PurePosixPath(path))
        return str(here.readlink()) if here and here.is_symlink() else None

    def read(self, path: str) -> bytes:
        """The content of the file `path`; StageError when there is no such file."""
        here = self.find(path)
        if here is None:
            raise StageError("metal", f"the baked tree has no {path}, which the installer needs")
        return here.read_bytes()

    def _lookup(self, path: PurePosixPath) -> Path | None:
        inside = path.relative_to("/")
        here = (layer / inside for layer in self.layers)
        return next((place for place in here if place.is_symlink() or place.exists()), None)

"""Write a rendering to rendered/<site>/, and compare it with what is there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from golden import atomic, paths
from golden.render.rendering import RenderedKind, Rendering


@dataclass(frozen=True)
class _Target:
    """A file below rendered/<site>; of its mode, git keeps only `executable`."""

    content: bytes
    executable: bool = False

    @property
    def mode(self) -> int:
        """The mode of a fresh file."""
        return 0o755 if self.executable else 0o644

    def is_at(self, path: Path) -> bool:
        """Whether the file at `path` is this one."""
        return (
            path.is_file()
            and not path.is_symlink()
            and bool(path.stat().st_mode & 0o100) == self.executable
            and path.read_bytes() == self.content
        )


def write(rendering: Rendering, rendered: Path = paths.RENDERED) -> list[str]:
    """Make rendered/<site> equal to `rendering`; return the paths that changed.

    Each file is replaced atomically and only where it differs; files of an earlier rendering go.
    """
    folder = rendered / rendering.site.name
    targets = _targets(rendering)
    changed = _differences(folder, targets)
    for name in set(changed).difference(targets):
        (folder / name).unlink()
    _remove_empty(folder)
    for name in targets:
        if name in changed:
            atomic.write(folder / name, targets[name].content, mode=targets[name].mode)
    return _below_site(rendering, changed)


def differences(rendering: Rendering, rendered: Path = paths.RENDERED) -> list[str]:
    """The paths below `rendered` that differ from `rendering`, sorted."""
    changed = _differences(rendered / rendering.site.name, _targets(rendering))
    return _below_site(rendering, changed)


def remove_other_sites(names: Collection[str], rendered: Path = paths.RENDERED) -> list[str]:
    """Remove the files of sites other than `names`; return the names of those sites."""
    others = sorted(each.name for each in rendered.glob("*/") if each.name not in names)
    for name in others:
        shutil.rmtree(rendered / name)
    return others


def _below_site(rendering: Rendering, names: list[str]) -> list[str]:
    return [f"{rendering.site.name}/{name}" for name in names]


def _targets(rendering: Rendering) -> dict[str, _Target]:
    of_kinds = {
        f"{name}/{path}": target
        for name, kind in rendering.kinds.items()
        for path, target in _kind_targets(kind)
    }
    return of_kinds | {path: _Target(content) for path, content in rendering.records.items()}


def _kind_targets(kind: RenderedKind) -> Iterator[tuple[str, _Target]]:
    for path, file in kind.files.items():
        yield f"rootfs{path}", _Target(file.content, bool(int(file.mode, 8) & 0o100))
    for path, content in kind.records.items():
        yield path, _Target(content)


def _differences(folder: Path, targets: dict[str, _Target]) -> list[str]:
    stale = [name for name in _files(folder) if name not in targets]
    changed = [name for name, target in targets.items() if not target.is_at(folder / name)]
    return sorted(stale + changed)


def _files(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*"):
        if file.is_symlink() or not file.is_dir():
            yield str(file.relative_to(folder))


def _remove_empty(folder: Path) -> None:
    """Remove `folder` and the folders below it that are empty."""
    for place, _, _ in os.walk(folder, topdown=False):
        if not any(Path(place).iterdir()):
            Path(place).rmdir()

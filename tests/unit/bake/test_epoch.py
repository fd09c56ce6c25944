"""The time that a layer's files get, and which of them get it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from golden import run
from golden.bake import epoch
from golden.errors import StageError


def deb(folder: Path, name: str, built: int) -> Path:
    tree = folder / name
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: a\n"
    )
    out = folder / f"{name}.deb"
    argv = ["dpkg-deb", "--root-owner-group", "--build", tree, out]
    run.run(argv, env={"SOURCE_DATE_EPOCH": str(built)})
    return out


def test_the_newest_package_decides(tmp_path: Path) -> None:
    debs = [deb(tmp_path, "old", 1_100_000_000), deb(tmp_path, "new", 1_200_000_000)]
    assert epoch.newest(debs) == epoch.newest(reversed(debs)) == 1_200_000_000
    assert epoch.newest(debs, below=1_300_000_000) == 1_300_000_000
    assert epoch.newest([], below=5) == 5


def test_what_is_no_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.deb").write_text("404 Not Found")
    with pytest.raises(StageError, match=r"a\.deb is not a Debian package"):
        epoch.newest([tmp_path / "a.deb"])


def test_only_later_times_are_changed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "new folder").mkdir(parents=True)
    (tree / "old").write_text("")
    (tree / "new folder/-new").write_text("")
    (tree / "link").symlink_to("/nowhere")
    os.utime(tree / "old", (3, 5))
    epoch.clamp(tree, 1_000_000_000, tmp_path / "log")
    found = {path.name: path.lstat().st_mtime for path in [tree, *tree.rglob("*")]}
    assert found.pop("old") == 5
    assert len(found) == 4 and set(found.values()) == {1_000_000_000}

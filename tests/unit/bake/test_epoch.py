"""The time that a layer's files get, and which of them get it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from golden import run
from golden.bake import epoch
from golden.errors import StageError
from tests.unit.pythons import PYTHONS


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


@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_a_module_compiled_during_the_bake_fits_its_source_afterwards(
    tmp_path: Path, python: str
) -> None:
    # What pycompile does for a namespace package (python-defaults: /usr/bin/pycompile).
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "spaces.py").write_text("")
    compiled = run.run(
        [
            python,
            "-c",
            "import py_compile, sys; py_compile.compile(sys.argv[1])",
            tree / "spaces.py",
        ]
    )
    assert compiled.code == 0
    found = next(tree.rglob("*.pyc"))
    epoch.clamp(tree, 1_000_000_000, tmp_path / "log")
    once = found.read_bytes()
    assert found.stat().st_mtime == 1_000_000_000
    assert (1_000_000_000).to_bytes(4, "little") in once[:12]
    # Python takes it as it is: verbose import names the file it took the code from.
    said = run.run([python, "-v", "-c", "import spaces"], env={"PYTHONPATH": str(tree)})
    assert f"matches {tree / 'spaces.py'}" in said.out
    assert found.read_bytes() == once


def test_a_module_whose_source_is_older_keeps_its_record(tmp_path: Path) -> None:
    file = tmp_path / "tree/old.pyc"
    file.parent.mkdir()
    # Python 2.7, Python 3.2, 3.11 with a time, 3.11 with a hash that looks like a late time.
    late = b"\xff\xff\xff\xff"
    for head, after in (
        (b"\x03\xf3\r\n" + b"\x05\0\0\0" + late, None),
        (b"\x6c\x0c\r\n" + late + b"code", b"\x6c\x0c\r\n" + b"\0\xca\x9a\x3b" + b"code"),
        (b"\xa7\x0d\r\n\x01\0\0\0" + late, None),
        (b"no module at all", None),
        (b"short", None),
    ):
        file.write_bytes(head)
        epoch.clamp(file.parent, 1_000_000_000, tmp_path / "log")
        assert file.read_bytes() == (after or head)

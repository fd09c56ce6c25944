"""The whole disk, of a tree of a few bytes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import pytest

from golden import disk, run
from golden.errors import StageError, UserError

SIZE_MIB = 128


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    files = {"/vmlinuz": "kernel", "/sbin/fsck.ext4": "fsck", **disk.boot_files()}
    for name, text in files.items():
        path = folder / name[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def described(image: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(run.run(["qemu-img", "info", "--output=json", image]).out)
    return found


def test_qcow2_carries_the_releases_options(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out/disk.qcow2"
    options = {"compat": "1.1", "compression": "zstd"}
    built = disk.build(tree, out, size_mib=SIZE_MIB, identity="key", options=options)
    info = described(out)
    assert info["virtual-size"] == SIZE_MIB * 1024 * 1024
    assert '"compression-type": "zstd"' in json.dumps(info)
    assert set(built.seconds) == {"file system", "boot loader", "qcow2"}


def test_qcow2_for_an_old_qemu(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "disk.qcow2"
    disk.build(tree, out, size_mib=SIZE_MIB, identity="key", options={"compat": "0.10"})
    assert '"compat": "0.10"' in json.dumps(described(out))


@pytest.mark.parametrize("name", ["my images", "it's", "a:b", "a,b", 'a"b', "a?b", "a%20b", "ü"])
def test_a_disk_is_built_in_a_folder_of_any_name(name: str, tree: Path, tmp_path: Path) -> None:
    out = tmp_path / name / "disk.qcow2"
    disk.build(tree, out, size_mib=SIZE_MIB, identity="key", epoch=1000)
    plain = tmp_path / "plain.qcow2"
    disk.build(tree, plain, size_mib=SIZE_MIB, identity="key", epoch=1000)
    assert out.read_bytes() == plain.read_bytes()


def test_the_same_tree_and_key_give_the_same_identity(tree: Path, tmp_path: Path) -> None:
    one, two, other = (
        disk.build(tree, tmp_path / f"{i}.raw", size_mib=SIZE_MIB, identity=key, fmt="raw")
        for i, key in enumerate(["key", "key", "another key"])
    )
    assert one.uuid == two.uuid != other.uuid


def backwards(tree: Path, copy: Path) -> Path:
    """`tree` once more, its names made in another order and its files read and changed later."""
    for path in sorted(tree.rglob("*"), reverse=True):
        target = copy / path.relative_to(tree)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            shutil.copy2(path, target)
    for path in [tree, *tree.rglob("*")]:
        os.utime(copy / path.relative_to(tree), (1, path.stat().st_mtime))
    return copy


@pytest.mark.parametrize("fmt", ["raw", "qcow2"])
def test_the_same_tree_gives_the_same_bytes(tree: Path, tmp_path: Path, fmt: str) -> None:
    for number in range(400):
        (tree / f"sbin/{number}").write_text(f"{number}")
    # A second is the finest that ext4 of mke2fs keeps.
    time.sleep(1.1)
    again = backwards(tree, tmp_path / "again")
    one, two = (
        disk.build(
            each,
            tmp_path / f"{each.name}.disk",
            size_mib=SIZE_MIB,
            identity="k",
            epoch=10**9,
            fmt=fmt,
        ).path
        for each in (tree, again)
    )
    assert hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(two.read_bytes()).digest()


def test_only_the_finished_disk_is_left_and_it_is_read_only(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out/disk.raw"
    disk.build(tree, out, size_mib=SIZE_MIB, identity="key", fmt="raw")
    assert list(out.parent.iterdir()) == [out]
    assert out.stat().st_mode & 0o222 == 0


def test_a_failure_leaves_the_old_disk_alone(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk.filesystem, "INCOMPAT_KNOWN", 0)
    out = tmp_path / "out/disk.raw"
    out.parent.mkdir()
    out.write_text("the old disk")
    with pytest.raises(StageError, match=r"features that kernel 3\.2 or GRUB 1\.99 cannot read"):
        disk.build(tree, out, size_mib=SIZE_MIB, identity="key", fmt="raw")
    assert list(out.parent.iterdir()) == [out]
    assert out.read_text() == "the old disk"


def test_an_unknown_format_lists_the_known_ones(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out/disk.vmdk"
    with pytest.raises(UserError, match="valid are qcow2, raw"):
        disk.build(tree, out, size_mib=SIZE_MIB, identity="key", fmt="vmdk")
    assert not out.parent.exists()


def test_a_full_host_disk_is_said_in_words(tree: Path, tmp_path: Path) -> None:
    # /dev/full cannot stand in for a folder; a mke2fs that meets ENOSPC can.
    enter = ("sh", "-c", '[ "$1" != mke2fs ] || { echo "No space left on device"; exit 1; }', "--")
    with pytest.raises(StageError, match="no space left on the host's disk"):
        disk.build(
            tree, tmp_path / "disk.raw", size_mib=SIZE_MIB, identity="k", fmt="raw", enter=enter
        )

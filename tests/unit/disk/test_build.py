"""The whole disk, of a tree of a few bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from golden import disk, run
from golden.errors import StageError, UserError

SIZE_MIB = 128


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    files = {"/vmlinuz": "kernel", "/initrd.img": "initrd", "/sbin/fsck.ext4": "fsck"}
    files |= disk.boot_files()
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
    built = disk.build(tree, out, size_mib=SIZE_MIB, identity="key", qcow2=options)
    info = described(out)
    assert info["virtual-size"] == SIZE_MIB * 1024 * 1024
    assert '"compression-type": "zstd"' in json.dumps(info)
    assert set(built.seconds) == {"file system", "boot loader", "qcow2"}


def test_qcow2_for_an_old_qemu(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "disk.qcow2"
    disk.build(tree, out, size_mib=SIZE_MIB, identity="key", qcow2={"compat": "0.10"})
    assert '"compat": "0.10"' in json.dumps(described(out))


def test_the_same_tree_and_key_give_the_same_identity(tree: Path, tmp_path: Path) -> None:
    one, two, other = (
        disk.build(tree, tmp_path / f"{i}.raw", size_mib=SIZE_MIB, identity=key, fmt="raw")
        for i, key in enumerate(["key", "key", "another key"])
    )
    assert one.uuid == two.uuid != other.uuid


def test_only_the_finished_disk_is_left_and_it_is_read_only(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out/disk.raw"
    disk.build(tree, out, size_mib=SIZE_MIB, identity="key", fmt="raw")
    assert list(out.parent.iterdir()) == [out]
    assert out.stat().st_mode & 0o222 == 0


def test_a_failure_leaves_the_old_disk_alone(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out/disk.raw"
    out.parent.mkdir()
    out.write_text("the old disk")
    (tree / "vmlinuz").unlink()
    with pytest.raises(StageError, match="no /vmlinuz"):
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

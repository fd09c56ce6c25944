"""The root file system: readable by old kernels, reproducible, and honest about its size."""

from __future__ import annotations

import os
import re
import struct
import uuid
from pathlib import Path

import pytest
from pytest import MonkeyPatch

from golden import run
from golden.disk import filesystem, layout, times
from golden.errors import StageError, UserError

IDENTITY = uuid.UUID("4e200a7a-15dd-5f7d-9450-51915837240a")


def small_tree(folder: Path) -> Path:
    tree = folder / "tree"
    (tree / "etc").mkdir(parents=True)
    (tree / "etc/hostname").write_text("golden\n")
    os.link(tree / "etc/hostname", tree / "etc/mailname")
    (tree / "vmlinuz").symlink_to("boot/vmlinuz-1")
    return tree


def made(folder: Path, name: str = "disk.raw", size_mib: int = 128) -> Path:
    disk = folder / name
    tree = folder / "tree"
    layout.partition(disk, size_mib, IDENTITY)
    filesystem.make(disk, tree if tree.exists() else small_tree(folder), size_mib, IDENTITY)
    return disk


def test_old_readers_know_every_feature(tmp_path: Path) -> None:
    found = filesystem.superblock(made(tmp_path))
    # docs/wheezy.md W5.4: the bits of 64bit, metadata_csum and their kin
    assert found.incompat == 0x242
    assert found.ro_compat == 0x7B


def test_label_and_identity_come_from_the_caller(tmp_path: Path) -> None:
    found = filesystem.superblock(made(tmp_path))
    assert found.label == filesystem.LABEL
    assert found.identity == IDENTITY


def test_used_space_counts_journal_and_tree(tmp_path: Path) -> None:
    found = filesystem.superblock(made(tmp_path))
    journal = 128 // 8
    assert journal <= found.used_mib < journal + 8


@pytest.mark.parametrize(("offset", "bit"), [(0x60, 0x80), (0x64, 0x400)])
def test_a_feature_too_new_is_refused(tmp_path: Path, offset: int, bit: int) -> None:
    disk = made(tmp_path)
    where = layout.PARTITION_START + 1024 + offset
    with disk.open("r+b") as file:
        file.seek(where)
        word = struct.unpack("<I", file.read(4))[0]
        file.seek(where)
        file.write(struct.pack("<I", word | bit))
    with pytest.raises(StageError, match=r"kernel 3\.2 or GRUB 1\.99 cannot read"):
        filesystem.verify(disk)


def test_no_file_system_is_an_error(tmp_path: Path) -> None:
    disk = tmp_path / "empty.raw"
    layout.partition(disk, 4, IDENTITY)
    with pytest.raises(StageError, match="no ext4 file system"):
        filesystem.verify(disk)


def test_a_tree_too_large_names_the_size_it_needs(tmp_path: Path) -> None:
    tree = small_tree(tmp_path)
    (tree / "large").write_bytes(os.urandom(95 * layout.MIB))
    disk = tmp_path / "disk.raw"
    layout.partition(disk, 100, IDENTITY)
    with pytest.raises(UserError) as caught:
        filesystem.make(disk, tree, 100, IDENTITY)
    assert "tree of 96 MiB does not fit into a disk of 100 MiB" in str(caught.value)
    assert "image.size" in str(caught.value)
    assert "217M or more" in str(caught.value)


def test_mke2fs_runs_through_the_prefix(tmp_path: Path) -> None:
    disk = tmp_path / "disk.raw"
    layout.partition(disk, 128, IDENTITY)
    seen = tmp_path / "seen"
    enter = ("sh", "-c", f'echo "$1" > {seen}; exec "$@"', "--")
    filesystem.make(disk, small_tree(tmp_path), 128, IDENTITY, enter)
    assert seen.read_text() == "mke2fs\n"


EPOCH = 1_000_000_000
TIMES = re.compile(r"^ ?(cr|a|c|m)time: (0x[0-9a-f]+)", re.MULTILINE)


def stamps(disk: Path, file: str) -> dict[str, int]:
    place = f"{disk.name}?offset={layout.PARTITION_START}"
    told = run.run(["debugfs", "-R", f"stat {file}", place], cwd=disk.parent).out
    return {name: int(stamp, 16) for name, stamp in TIMES.findall(told)}


def test_a_files_own_time_is_the_only_one_that_is_kept(tmp_path: Path) -> None:
    tree = small_tree(tmp_path)
    os.utime(tree / "etc/hostname", (5, 7))
    disk = tmp_path / "disk.raw"
    layout.partition(disk, 128, IDENTITY)
    filesystem.make(disk, tree, 128, IDENTITY, epoch=EPOCH)
    others = {"cr": EPOCH, "a": EPOCH, "c": EPOCH}
    assert stamps(disk, "/etc/hostname") == {**others, "m": 7}
    assert stamps(disk, "/vmlinuz")["c"] == EPOCH
    assert stamps(disk, "/lost+found") == {**others, "m": EPOCH}


def test_inodes_that_no_file_has_stay_empty(tmp_path: Path) -> None:
    disk = made(tmp_path)
    # lost+found, etc, etc/hostname (twice), vmlinuz
    assert len(list(times.used(disk))) == 4


def test_what_debugfs_does_not_do_is_an_error(tmp_path: Path, monkeypatch: MonkeyPatch) -> None:
    disk = made(tmp_path)
    monkeypatch.setattr(times, "FIELDS", ("nonsense",))
    with pytest.raises(StageError, match="could not set the times"):
        times.settle(disk, EPOCH)

"""A layer's files as an image's layer: what is deleted, replaced, shared, allowed."""

from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path

import pytest

from golden.layers import layertar, overlay


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "etc").mkdir(parents=True)
    (tree / "etc/motd").write_text("hello\n")
    (tree / "etc/motd").chmod(0o640)
    (tree / "etc/twin").hardlink_to(tree / "etc/motd")
    (tree / "etc/link").symlink_to("motd")
    os.utime(tree / "etc/motd", (1000, 1000))
    return tree


def packed(tree: Path, name: str = "layer.tar") -> dict[str, tarfile.TarInfo]:
    archive = tree.parent / name
    layertar.pack(str(tree), str(archive))
    with tarfile.open(archive) as tar:
        return {member.name: member for member in tar}


def test_files_keep_content_mode_owner_and_time(tree: Path) -> None:
    members = packed(tree)
    assert list(members) == ["etc", "etc/link", "etc/motd", "etc/twin"]
    motd = members["etc/motd"]
    assert (motd.mode, motd.uid, motd.size, motd.mtime) == (0o640, os.getuid(), 6, 1000)
    assert members["etc/link"].linkname == "motd"
    with tarfile.open(tree.parent / "layer.tar") as tar:
        file = tar.extractfile("etc/motd")
        assert file is not None and file.read() == b"hello\n"


def test_a_file_with_two_names_is_packed_once(tree: Path) -> None:
    twin = packed(tree)["etc/twin"]
    assert twin.islnk() and twin.linkname == "etc/motd"


def test_a_deleted_path_becomes_a_whiteout(tree: Path) -> None:
    # The only device that a normal user may make.
    os.mknod(tree / "etc/gone", stat.S_IFCHR, os.makedev(0, 0))
    members = packed(tree)
    assert "etc/gone" not in members
    assert members["etc/.wh.gone"].isreg() and members["etc/.wh.gone"].size == 0


def test_a_replaced_folder_hides_what_is_below(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def attribute(path: str, key: str) -> bytes:
        return b"y" if path.endswith("/etc") and key == "trusted.overlay.opaque" else b""

    monkeypatch.setattr(layertar, "attribute", attribute)
    monkeypatch.setattr(overlay, "attribute", attribute)
    assert list(packed(tree))[:2] == ["etc", "etc/.wh..wh..opq"]


def test_a_program_keeps_its_capability(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = b"\x01\x00\x00\x02\x00\x20\x00\x00\xff\x00"

    def attribute(path: str, key: str) -> bytes:
        return raw if path.endswith("motd") and key == "security.capability" else b""

    monkeypatch.setattr(layertar, "attribute", attribute)
    monkeypatch.setattr(overlay, "attribute", attribute)
    headers = packed(tree)["etc/motd"].pax_headers
    kept = headers["SCHILY.xattr.security.capability"]
    assert kept.encode("utf-8", "surrogateescape") == raw


def test_equal_trees_give_equal_archives(tree: Path) -> None:
    packed(tree, "one.tar")
    packed(tree, "two.tar")
    assert (tree.parent / "one.tar").read_bytes() == (tree.parent / "two.tar").read_bytes()

"""The parts of a bundle: pieces, manifest, the installer's initramfs, the stick's menu."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
from pathlib import Path

import pytest

from golden import run
from golden.definition.files import Disk
from golden.errors import StageError, UserError
from golden.installer import bundle, cpio, elf, image, initramfs, manifest, stick
from golden.installer.bundle import Bundle
from golden.installer.manifest import PIECE, Seed
from golden.layers.overlay import Stack
from tests.unit.small_site import small_site

SITE = small_site()


def test_pieces_make_up_the_image_and_zeros_are_left_out(tmp_path: Path) -> None:
    raw = tmp_path / "disk.raw"
    content = b"a" * PIECE + bytes(PIECE) + b"b" * 512
    raw.write_bytes(content)
    made = image.make("kind", raw, "key", tmp_path / "kind", lambda _: None)
    assert [piece.number for piece in made.pieces] == [0, 2]
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    for piece in made.pieces:
        packed = (tmp_path / "kind" / manifest.piece_name(piece.number)).read_bytes()
        part = content[piece.number * PIECE :][: piece.length]
        assert gzip.decompress(packed) == part
        assert (piece.packed_length, piece.packed_sha256) == (
            len(packed),
            hashlib.sha256(packed).hexdigest(),
        )


def test_pieces_of_the_same_disk_are_used_again(tmp_path: Path) -> None:
    raw = tmp_path / "disk.raw"
    raw.write_bytes(b"a" * 512)
    made = image.make("kind", raw, "key", tmp_path / "kind", lambda _: None)
    raw.unlink()
    assert image.make("kind", raw, "key", tmp_path / "kind", lambda _: None) == made
    assert image.read(tmp_path / "kind", "other key") is None


@pytest.mark.parametrize(
    ("disk", "words"),
    [
        (Disk(serial="S1"), "serial S1 0 0"),
        (Disk(wwn="naa.5000", root="1G"), "wwn naa.5000 1073741824 0"),
        (Disk(size="1M.."), "size 1048576-0 0 0"),
        (Disk(serial="S1", state="1G"), "serial S1 0 1073741824"),
        (Disk(size="1M..2M"), "size 1048576-2097152 0 0"),
    ],
)
def test_the_manifest_tells_which_disk(disk: Disk, words: str) -> None:
    told = manifest.text("small", [(SITE.nodes[0], disk, Seed(5, "abc", "small-n1-0a"))], [])
    assert told.splitlines()[2] == f"node n1 {SITE.nodes[0].mac} master abc 5 {words} small-n1-0a"


def test_a_node_without_a_disk_is_named_before_anything_is_made() -> None:
    with pytest.raises(UserError, match="nodes: none has a 'disk'"):
        bundle.make(SITE)
    with pytest.raises(UserError, match="nodes: n2: it has no 'disk'"):
        bundle.make(SITE, ["n2"])


def test_what_is_not_baked_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golden.paths.ARTIFACTS", tmp_path)
    node = dataclasses.replace(SITE.nodes[0], disk=Disk(serial="S1"))
    with pytest.raises(UserError, match="has no baked 'master'"):
        bundle.make(dataclasses.replace(SITE, nodes=(node,)))
    assert not list(tmp_path.iterdir())


def test_an_archive_is_what_cpio_reads(tmp_path: Path) -> None:
    made = cpio.archive({"a/b/file": cpio.File(b"content"), "a/link": "b/file"})
    assert made == cpio.archive({"a/link": "b/file", "a/b/file": cpio.File(b"content")})
    assert len(made) % 4 == 0
    listing = run.run(["busybox", "cpio", "-t"], stdin=made, cwd=tmp_path).out.split()
    assert listing[:4] == ["a", "a/b", "a/b/file", "a/link"]


def test_a_tree_is_read_through_its_layers_and_links(tmp_path: Path) -> None:
    top, below = tmp_path / "top", tmp_path / "below"
    for path, text in ((top / "usr/bin/a", "new"), (below / "usr/bin/a", "old")):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    (below / "bin").symlink_to("usr/bin")
    (below / "usr/bin/b").symlink_to("../../bin/a")
    (below / "usr/bin/loop").symlink_to("loop")
    tree = Stack([top, below])
    assert tree.read("/bin/a") == b"new"
    assert tree.resolve("/bin/b") == "/usr/bin/a"
    # As the kernel packages of wheezy make /initrd.img, whatever the host has there.
    (below / "passwd").symlink_to("/etc/passwd")
    assert not tree.holds("/passwd")
    (below / "etc").mkdir()
    (below / "etc/passwd").write_text("root")
    assert tree.holds("/passwd")
    assert tree.find("/bin/loop") is None
    assert tree.find("/nothing") is None
    with pytest.raises(StageError, match="has no /nothing"):
        tree.read("/nothing")


def test_what_a_program_needs_is_what_ldd_says() -> None:
    program = run.which("dash")
    assert program is not None
    loader, libraries = elf.needs(program.resolve().read_bytes())
    told = run.run(["ldd", program]).out
    assert loader in told
    assert libraries
    assert all(name in told for name in libraries)
    with pytest.raises(ValueError, match="not an ELF file"):
        elf.needs(b"#!/bin/sh\n")


def test_the_initramfs_is_the_same_each_time_and_complete() -> None:
    tree = Stack([Path("/")])
    found = initramfs.entries(tree, b"key")
    names = {name.rpartition("/")[2] for name in found}
    assert set(initramfs.PROGRAMS) <= names
    assert {"install.sh", "start.sh", "key.pem", "golden", "libc.so.6"} <= names
    assert ".shellcheckrc" not in names
    assert cpio.archive(found) == cpio.archive(initramfs.entries(tree, b"key"))


def test_what_shares_pieces_is_in_the_initramfs_if_the_tree_has_it(tmp_path: Path) -> None:
    program = run.which("dash")
    assert program is not None
    bare, with_client = tmp_path / "bare", tmp_path / "client"
    for tree, name in ((bare, "other"), (with_client, "transmission-cli")):
        (tree / "usr/bin").mkdir(parents=True)
        (tree / "usr/bin" / name).write_bytes(program.read_bytes())
    assert not initramfs.shares(Stack([bare]))
    tree = Stack([with_client, Path("/")])
    assert initramfs.shares(tree)
    names = {name.rpartition("/")[2] for name in initramfs.entries(tree, b"key")}
    assert set(initramfs.SHARING) <= names


def test_the_stick_offers_every_node_and_overwrites_only_when_told() -> None:
    made = Bundle("small", Path("x"), SITE.nodes, ("master", "member"), {})
    lines = stick.menu(made).splitlines()
    linux = [line.split() for line in lines if line.strip().startswith("linux")]
    assert len(linux) == 4
    assert all("golden.source=stick" in words and "boot=golden" in words for words in linux)
    assert ["golden.node=n2" in words for words in linux] == [False, False, True, False]
    assert ["golden.reinstall=yes" in words for words in linux] == [False, False, False, True]


@pytest.mark.parametrize("out", ["/nowhere/stick.img", "/"])
def test_the_stick_needs_a_file_to_be_written_to(out: str) -> None:
    with pytest.raises(UserError, match="give a file in a folder that exists"):
        stick.usb("rehearsal", (), out)

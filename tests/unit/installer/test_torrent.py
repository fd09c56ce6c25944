"""The torrent of an image's pieces: of what, for whom, and always the same bytes."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import torf

from golden.installer import image, manifest, torrent
from golden.installer.manifest import PIECE
from tests.unit.small_site import small_site

URL = "http://198.51.100.250:8080"


def pieces(folder: Path) -> Path:
    raw = folder / "disk.raw"
    raw.parent.mkdir(parents=True, exist_ok=True)
    raw.write_bytes(b"a" * PIECE + bytes(PIECE) + b"b" * 70000)
    image.make("master", raw, "key", folder / "master", lambda _: None)
    return folder / "master"


def test_it_names_the_pieces_alone_and_the_server(tmp_path: Path) -> None:
    folder = pieces(tmp_path)
    read = torf.Torrent.read_stream(torrent.make(folder, URL))
    assert [str(file) for file in read.files] == ["master/00000.gz", "master/00002.gz"]
    assert read.size == sum(file.stat().st_size for file in folder.glob("*.gz"))
    assert read.webseeds == [f"{URL}/"]
    assert read.verify(folder)
    # Machines find each other without a tracker, which a private torrent forbids.
    assert not read.trackers and not read.private


def test_its_bytes_know_no_time_and_no_place(tmp_path: Path) -> None:
    first, second = pieces(tmp_path / "first"), pieces(tmp_path / "it's #2 50%")
    for file in second.iterdir():
        os.utime(file, (1, 1))
    content = torrent.make(first, URL)
    assert torrent.make(second, URL) == content
    assert b"creat" not in content
    elsewhere = torf.Torrent.read_stream(torrent.make(first, "http://192.0.2.1:8080"))
    assert elsewhere.infohash == torf.Torrent.read_stream(content).infohash


def test_machines_of_one_kind_share_from_three_on() -> None:
    master, member = small_site().nodes
    more = [dataclasses.replace(member, name=f"n{number}") for number in range(3, 5)]
    assert torrent.shared([master, member, more[0]]) == ()
    assert torrent.shared([master, member, *more]) == (member.kind.name,)


def test_the_manifest_has_its_hash() -> None:
    lines = manifest.text("small", [], [], {"master": "abc"}).splitlines()
    assert lines[-1] == "torrent master abc"

"""Cut a baked disk into pieces that the installer verifies one by one before it writes them."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from golden import run
from golden.installer.manifest import PIECE, Image, Piece, piece_name
from golden.keys import signing

# gzip is what wheezy's tools unpack, too. A low level: packing is what an operator waits for.
LEVEL = 3
RECORD = "image.json"

Say = Callable[[str], None]


def make(kind: str, disk: Path, key: str, folder: Path, say: Say) -> Image:
    """Cut the baked `disk` (qcow2 or raw) of `kind` into pieces in `folder`; return its record.

    `key` identifies the disk's content: pieces with the same key are reused. The folder appears, or
    is replaced, only when it is complete.
    """
    known = read(folder, key)
    if known:
        return known
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    with tempfile.TemporaryDirectory(prefix=".raw-", dir=folder.parent) as name:
        raw = _raw(disk, Path(name), say)
        image = _cut(kind, raw, partial, say)
    record = {"key": _key(key), "image": asdict(image)}
    (partial / RECORD).write_text(json.dumps(record, indent=1) + "\n")
    signing.sign(partial / RECORD)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return image


def read(folder: Path, key: str) -> Image | None:
    """The image in `folder`, if its pieces have this `key`, and its record was signed here."""
    if not signing.is_valid(folder / RECORD):
        return None
    record = json.loads((folder / RECORD).read_text())
    if record["key"] != _key(key):
        return None
    stored = record["image"]
    pieces = tuple(Piece(**piece) for piece in stored["pieces"])
    return Image(stored["kind"], stored["length"], stored["sha256"], pieces)


def _key(disk: str) -> str:
    return f"{disk} in {PIECE} gzip {LEVEL}"


def _raw(disk: Path, folder: Path, say: Say) -> Path:
    if disk.suffix == ".raw":
        return disk
    say("unpacking the disk")
    raw = folder / "disk.raw"
    run.run(["qemu-img", "convert", "-O", "raw", disk, raw], stage="installer")
    return raw


def _cut(kind: str, raw: Path, folder: Path, say: Say) -> Image:
    whole, length = hashlib.sha256(), raw.stat().st_size
    pieces: list[Piece] = []
    # gzip and hashing leave Python's lock alone, so threads use every processor.
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for begun in _batches(raw, 2 * (os.cpu_count() or 2)):
            waiting = [
                pool.submit(_pack, number, content, folder)
                for number, content in begun
                if content.count(0) != len(content)
            ]
            for _, content in begun:
                whole.update(content)
            pieces += [each.result() for each in waiting]
            say(f"packing, {(begun[-1][0] + 1) * PIECE * 10 // max(length, PIECE):.0f}0 %")
    return Image(kind, length, whole.hexdigest(), tuple(pieces))


def _batches(raw: Path, count: int) -> Iterator[list[tuple[int, bytes]]]:
    """The pieces of `raw` with their numbers, in batches of `count`."""
    length, batch = raw.stat().st_size, []
    with raw.open("rb") as file:
        for number, start in enumerate(range(0, length, PIECE)):
            batch.append((number, file.read(min(PIECE, length - start))))
            if len(batch) == count:
                yield batch
                batch = []
    if batch:
        yield batch


def _pack(number: int, content: bytes, folder: Path) -> Piece:
    packed = gzip.compress(content, LEVEL, mtime=0)
    (folder / piece_name(number)).write_bytes(packed)
    return Piece(
        number,
        len(content),
        hashlib.sha256(content).hexdigest(),
        len(packed),
        hashlib.sha256(packed).hexdigest(),
    )

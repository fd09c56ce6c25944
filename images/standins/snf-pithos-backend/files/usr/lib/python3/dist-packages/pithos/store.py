"""Blocks and maps on the shared directories that archipelago.conf names.

A file is cut into blocks named by the SHA-256 of what they hold before their last zeros; a map
lists them, named by the hash of a tree of theirs. Both nodes read what one wrote, so a wrong mount,
owner or umask shows. Not: requests through the segment, removing blocks that nothing needs.
"""

import configparser
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

BLOCK = 4 * 2**20
CONFIG = "/etc/archipelago/archipelago.conf"
SEGMENT = Path("/dev/shm/posixfd")


class StoreError(Exception):
    """Archipelago does not run, or its directories cannot be used."""


class Store:
    """The block store of this host."""

    def __init__(self, config: str = CONFIG) -> None:
        parser = configparser.ConfigParser()
        if not parser.read(config):
            raise StoreError(f"{config}: cannot be read")
        self.blocks = Path(parser["blockerb"]["archip_dir"])
        self.maps = Path(parser["blockerm"]["archip_dir"])
        if not os.access(SEGMENT, os.R_OK | os.W_OK | os.X_OK):
            hint = "is archipelago started, with GROUP synnefo in its configuration?"
            raise StoreError(f"cannot join segment {SEGMENT}: {hint}")

    def _save(self, path: Path, data: bytes) -> None:
        if not path.exists():
            part = path.with_name(f"{path.name}.{os.getpid()}")
            part.write_bytes(data)
            part.rename(path)

    def add(self, data: bytes) -> str:
        """Store a block of at most 4 MiB and return its name."""
        data = data.rstrip(b"\0")
        name = hashlib.sha256(data).hexdigest()
        self._save(self.blocks / name, data)
        return name

    def lacks(self, names: list[str]) -> list[str]:
        """The blocks of these that are not there."""
        return [name for name in names if not (self.blocks / Path(name).name).exists()]

    def map(self, names: list[str]) -> str:
        """Store a list of blocks and return its name."""
        mapfile = top(names)
        self._save(self.maps / mapfile, "".join(f"{name}\n" for name in names).encode())
        return mapfile

    def names(self, mapfile: str) -> list[str]:
        """The blocks of a map."""
        return (self.maps / Path(mapfile).name).read_text().split()

    def write(self, read: Callable[[int], bytes]) -> tuple[str, int]:
        """Store a stream; returns the map's name and the size in bytes."""
        names, size = [], 0
        while block := _full(read):
            names.append(self.add(block))
            size += len(block)
        return self.map(names), size

    def read(self, mapfile: str, size: int, start: int = 0) -> Iterator[bytes]:
        """What a map of `size` bytes holds, from `start` on."""
        for number, name in enumerate(self.names(mapfile)):
            begin, end = number * BLOCK, min(size, (number + 1) * BLOCK)
            if end > max(start, begin):
                block = (self.blocks / name).read_bytes().ljust(end - begin, b"\0")
                yield block[max(0, start - begin) : end - begin]


def top(names: list[str]) -> str:
    """The root of the tree of hashes, whose leaves are filled up to a power of two."""
    row = [bytes.fromhex(name) for name in names] or [hashlib.sha256().digest()]
    while len(row) & (len(row) - 1):
        row.append(bytes(32))
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2])
        row = [hashlib.sha256(one + other).digest() for one, other in pairs]
    return row[0].hex()


def _full(read: Callable[[int], bytes]) -> bytes:
    """A whole block: a socket hands out less than was asked for."""
    data = bytearray()
    while len(data) < BLOCK and (piece := read(BLOCK - len(data))):
        data += piece
    return bytes(data)

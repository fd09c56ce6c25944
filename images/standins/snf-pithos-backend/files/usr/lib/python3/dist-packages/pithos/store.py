"""Blocks and maps on the shared directories that archipelago.conf names.

A file is cut into blocks named by their SHA-256; a map lists them. Both nodes read what one wrote,
so a wrong mount, owner or umask shows.
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

    def write(self, read: Callable[[int], bytes]) -> tuple[str, int]:
        """Store a stream; returns the map's name and the size in bytes."""
        names, size = [], 0
        while block := _full(read):
            names.append(hashlib.sha256(block).hexdigest())
            self._save(self.blocks / names[-1], block)
            size += len(block)
        text = "".join(f"{name}\n" for name in names).encode()
        mapfile = hashlib.sha256(text).hexdigest()
        self._save(self.maps / mapfile, text)
        return mapfile, size

    def read(self, mapfile: str) -> Iterator[bytes]:
        """The blocks of a map."""
        for name in (self.maps / Path(mapfile).name).read_text().split():
            yield (self.blocks / name).read_bytes()


def _full(read: Callable[[int], bytes]) -> bytes:
    """A whole block: a socket hands out less than was asked for."""
    data = bytearray()
    while len(data) < BLOCK and (piece := read(BLOCK - len(data))):
        data += piece
    return bytes(data)

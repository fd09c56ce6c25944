"""A raw disk as qcow2, compressed: every processor compresses, and equal disks give equal bytes.

`qemu-img convert` writes what was compressed in the order of the disk with one thread at a time, or
(-W) in any order. Format: docs/interop/qcow2.rst of QEMU 7.2. The order of this file:

    header | clusters of data | second-level tables | first-level table | reference counts
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

CLUSTER = 1 << 16
# Clusters that a thread compresses at once: fewer cost more in handing over than they gain.
_BATCH = 16
_ENTRIES = CLUSTER // 8
_COUNTS = CLUSTER // 2
_SECTOR = 512
_COPIED, _COMPRESSED = 1 << 63, 1 << 62
# Of a compressed cluster's entry: where the number of its further sectors begins.
_SECTORS_AT = 62 - (16 - 8)
_HAS_COMPRESSION_TYPE = 1 << 3
_TYPES = {"zlib": 0, "zstd": 1}
_ZERO = bytes(CLUSTER)

Compress = Callable[[bytes], bytes]


def write(raw: Path, out: Path, compat: str, compression: str) -> None:
    """Write the disk `raw`, a whole number of clusters, to the new file `out`.

    `compat` is `1.1`, or `0.10` for QEMU before 1.1, which knows `compression` zlib alone.
    """
    with raw.open("rb") as source, out.open("wb") as target:
        size = os.fstat(source.fileno()).st_size
        _Image(target, size, compat, compression).fill(source.fileno())


class _Image:
    """The qcow2 that is being written to `out`, of a disk of `size` bytes."""

    def __init__(self, out: BinaryIO, size: int, compat: str, compression: str) -> None:
        if size % CLUSTER:
            raise ValueError(f"a disk of {size} bytes is no whole number of clusters")
        self._out, self._size = out, size
        self._old, self._type = compat == "0.10", _TYPES[compression]
        self._new_compressor = _zstd if compression == "zstd" else _zlib
        self._at = CLUSTER
        # Where each cluster of the disk lies; and how often each of the file is referred to.
        self._tables: dict[int, list[int]] = {}
        self._counts: list[int] = [1]

    def fill(self, source: int) -> None:
        """Write all of it, from the file descriptor `source`."""
        out = self._out
        out.seek(self._at)
        for first, pieces in self._compressed(source):
            for number, piece in enumerate(pieces, first):
                if piece:
                    self._add(number, piece)
        first_level = [0] * -(-self._size // (CLUSTER * _ENTRIES))
        for number, entries in sorted(self._tables.items()):
            first_level[number] = self._table(entries) | _COPIED
        first_at = self._table(first_level)
        counts_at, clusters = self._reference_counts()
        out.seek(0)
        out.write(self._header(len(first_level), first_at, counts_at, clusters))

    def _compressed(self, source: int) -> Iterator[tuple[int, list[bytes]]]:
        """(First cluster, what is to be written of it and the next), in the order of the disk."""
        own = threading.local()

        def batch(first: int, count: int) -> tuple[int, list[bytes]]:
            if not hasattr(own, "compress"):
                own.compress = self._new_compressor()
            data = os.pread(source, count * CLUSTER, first * CLUSTER)
            parts = (data[at : at + CLUSTER] for at in range(0, len(data), CLUSTER))
            return first, [_smallest(part, own.compress) for part in parts]

        workers = os.cpu_count() or 1
        with ThreadPoolExecutor(workers) as pool:
            waiting: deque[Future[tuple[int, list[bytes]]]] = deque()
            for first, count in _batches(source, self._size):
                waiting.append(pool.submit(batch, first, count))
                if len(waiting) > 8 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _add(self, number: int, piece: bytes) -> None:
        """Write what cluster `number` of the disk holds: compressed if it is shorter than that."""
        if len(piece) == CLUSTER:
            self._align()
            entry = self._at | _COPIED
        else:
            end = self._at + len(piece) - 1
            entry = self._at | _COMPRESSED
            entry |= (end // _SECTOR - self._at // _SECTOR) << _SECTORS_AT
        table = self._tables.setdefault(number // _ENTRIES, [0] * _ENTRIES)
        table[number % _ENTRIES] = entry
        self._put(piece)

    def _table(self, entries: list[int]) -> int:
        """Write a table of 64-bit entries to clusters of its own; returns where."""
        self._align()
        at = self._at
        self._put(struct.pack(f">{len(entries)}Q", *entries))
        return at

    def _align(self) -> None:
        """Go to the next cluster of the file, unless at the begin of one."""
        if gap := -self._at % CLUSTER:
            self._out.write(bytes(gap))
            self._at += gap

    def _put(self, piece: bytes) -> None:
        first, last = self._at // CLUSTER, (self._at + len(piece) - 1) // CLUSTER
        self._counts += [0] * (last + 1 - len(self._counts))
        for cluster in range(first, last + 1):
            self._counts[cluster] += 1
        self._out.write(piece)
        self._at += len(piece)

    def _reference_counts(self) -> tuple[int, int]:
        """Write them, their own included; returns where their table is, and its clusters."""
        self._align()
        used, blocks, clusters = self._at // CLUSTER, 0, 0
        while blocks * _COUNTS < used + blocks + clusters:
            blocks += 1
            clusters = -(-blocks // _ENTRIES)
        counts = [*self._counts, *[1] * (blocks + clusters)]
        counts += [0] * (blocks * _COUNTS - len(counts))
        begin = self._at
        self._out.write(struct.pack(f">{len(counts)}H", *counts))
        table = [begin + number * CLUSTER for number in range(blocks)]
        table += [0] * (clusters * _ENTRIES - blocks)
        self._out.write(struct.pack(f">{len(table)}Q", *table))
        return begin + blocks * CLUSTER, clusters

    def _header(self, entries: int, first_at: int, counts_at: int, clusters: int) -> bytes:
        head = struct.pack(
            ">4sIQIIQIIQQIIQ",
            *(b"QFI\xfb", 2 if self._old else 3, 0, 0, 16, self._size, 0),
            *(entries, first_at, counts_at, clusters, 0, 0),
        )
        if self._old:
            return head + bytes(8)
        features = _HAS_COMPRESSION_TYPE if self._type else 0
        more = struct.pack(">QQQIIB7x", features, 0, 0, 4, 112, self._type)
        return head + more + bytes(8)


def _smallest(part: bytes, compress: Compress) -> bytes:
    """`part` compressed; itself where that is no shorter, and nothing of zeros."""
    if part == _ZERO:
        return b""
    smaller = compress(part)
    return smaller if len(smaller) < CLUSTER else part


def _batches(source: int, size: int) -> Iterator[tuple[int, int]]:
    """(First cluster, count) of what is no hole in the file, a few clusters each."""
    done = 0
    for begin, end in _extents(source):
        first, last = max(done, begin // CLUSTER), min(size // CLUSTER, -(-end // CLUSTER))
        for at in range(first, last, _BATCH):
            yield at, min(_BATCH, last - at)
        done = max(done, last)


def _extents(source: int) -> Iterable[tuple[int, int]]:
    end = 0
    while True:
        try:
            begin = os.lseek(source, end, os.SEEK_DATA)
        except OSError:  # ENXIO: nothing but a hole follows.
            return
        end = os.lseek(source, begin, os.SEEK_HOLE)
        yield begin, end


def _zlib() -> Compress:
    def compress(part: bytes) -> bytes:
        # The window that QEMU unpacks with.
        work = zlib.compressobj(wbits=-12, memLevel=9)
        return work.compress(part) + work.flush()

    return compress


def _zstd() -> Compress:
    # It takes as long to load as a bake with nothing to do may take.
    import zstandard

    return zstandard.ZstdCompressor(level=3, write_content_size=False).compress

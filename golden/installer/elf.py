"""What a program needs to run, read from its file (ELF-64, little endian): loader and libraries.

Not ldd, which runs the program's own loader: a tree of another release may not run on this host.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_LOAD, _DYNAMIC, _INTERP = 1, 2, 3
_NEEDED, _STRTAB = 1, 5


def needs(content: bytes) -> tuple[str | None, tuple[str, ...]]:
    """The loader's path, if any, and the names of the libraries that a program or library needs.

    Raises ValueError when `content` is not a 64-bit little-endian ELF file.
    """
    if content[:6] != b"\x7fELF\x02\x01":
        raise ValueError("not a 64-bit little-endian ELF file")
    segments = list(_segments(content))
    loader = next(
        (_text(content, offset) for kind, offset, *_ in segments if kind == _INTERP), None
    )
    dynamic = next(((o, size) for kind, o, _, size in segments if kind == _DYNAMIC), None)
    return loader, tuple(_libraries(content, segments, *dynamic)) if dynamic else ()


def _segments(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Type, offset in the file, address and length in the file of each program header."""
    (start,) = struct.unpack_from("<Q", content, 0x20)
    size, count = struct.unpack_from("<HH", content, 0x36)
    for number in range(count):
        kind, _, offset, address, _, length = struct.unpack_from(
            "<IIQQQQ", content, start + number * size
        )
        yield kind, offset, address, length


def _libraries(
    content: bytes, segments: list[tuple[int, int, int, int]], offset: int, size: int
) -> Iterator[str]:
    entries = list(struct.iter_unpack("<QQ", content[offset : offset + size - size % 16]))
    address = next(value for tag, value in entries if tag == _STRTAB)
    strings = next(
        address - start + place
        for kind, place, start, length in segments
        if kind == _LOAD and start <= address < start + length
    )
    for tag, value in entries:
        if tag == _NEEDED:
            yield _text(content, strings + value)


def _text(content: bytes, offset: int) -> str:
    return content[offset : content.index(b"\0", offset)].decode()

"""Read from a program's file what it needs to run: its loader and its libraries.

ldd would run the program's own loader, but a program of another release may not run on this host.
"""

from __future__ import annotations

import io

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import InterpSegment


def needs(content: bytes) -> tuple[str | None, tuple[str, ...]]:
    """The loader's path, if any, and the names of the libraries that `content` needs.

    Raises ValueError when `content` is not an ELF file.
    """
    try:
        segments = list(ELFFile(io.BytesIO(content)).iter_segments())
    except ELFError as error:
        raise ValueError(f"not an ELF file: {error}") from error
    loaders = [one.get_interp_name() for one in segments if isinstance(one, InterpSegment)]
    libraries = [
        str(tag.needed)  # type: ignore[attr-defined]
        for segment in segments
        if isinstance(segment, DynamicSegment)
        for tag in segment.iter_tags("DT_NEEDED")
    ]
    return next(iter(loaders), None), tuple(libraries)

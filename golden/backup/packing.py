"""Pack and unpack single files: with zstd where this host has it, else with gzip."""

from __future__ import annotations

from pathlib import Path

from golden import run
from golden.errors import UserError

# Both replace a file by a packed one of the same mode, and take everything that they made.
_PACK = {".zst": ["zstd", "--quiet", "--rm", "--threads=0"], ".gz": ["gzip"]}
_UNPACK = {".zst": ["zstd", "--quiet", "--rm", "--decompress"], ".gz": ["gzip", "--decompress"]}


def pack(path: Path) -> Path:
    """Replace the file by a packed one, and return that."""
    suffix = ".zst" if run.which("zstd") else ".gz"
    run.run([*_PACK[suffix], path], stage="state")
    return path.with_name(path.name + suffix)


def unpack(path: Path) -> None:
    """Replace the packed file by the one of before."""
    run.run([*_UNPACK[path.suffix], path], stage="state")


def require(names: set[str]) -> None:
    """Raise UserError unless this host can unpack files of these names."""
    for suffix in sorted({Path(name).suffix for name in names}):
        program = _UNPACK.get(suffix, [""])[0]
        if not run.which(program):
            raise UserError(
                f"the state is packed as *{suffix}, and this host cannot unpack that: "
                f"apt-get install {program or 'a newer version of this tool'}"
            )

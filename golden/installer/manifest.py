"""The installer's instructions: lines of words that a POSIX shell reads with awk.

    golden-installer 2
    site NAME
    node NAME MAC KIND SEED-SHA256 SEED-BYTES RULE VALUE ROOT-BYTES STATE-BYTES \\
         INSTANCE
    image KIND BYTES SHA256
    piece KIND NUMBER BYTES SHA256 PACKED-BYTES PACKED-SHA256
    torrent KIND SHA256

RULE is `serial`, `wwn` or `size`; the VALUE of a size is LEAST-MOST in bytes, MOST 0 for no limit.
ROOT-BYTES is 0 for a root partition that takes all that is left, STATE-BYTES for a disk without
state, which is the node's if it says that it is of INSTANCE. An image's SHA256 covers all its
bytes. Each piece has `PIECE` bytes, the last one the rest; a piece that is not listed is all zeros.
A torrent is of the packed pieces of a kind whose machines share them (golden.installer.torrent).
The manifest is signed (golden.keys.signing); the installer's initramfs holds the key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from golden.definition.fields import mib, mib_range, plain_serial
from golden.definition.files import Disk
from golden.definition.models import Node
from golden.disk.layout import MIB

FORMAT = 2
# Small enough to be held in memory and checked there before any of it is unpacked or written.
PIECE = 16 * MIB


@dataclass(frozen=True)
class Piece:
    """The piece `number` of an image: its bytes and SHA-256, plain and compressed (gzip)."""

    number: int
    length: int
    sha256: str
    packed_length: int
    packed_sha256: str


@dataclass(frozen=True)
class Image:
    """The image of a kind; pieces of zeros are left out."""

    kind: str
    length: int
    sha256: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Seed:
    """A node's seed as the installer will receive it, and the instance-id in it."""

    length: int
    sha256: str
    instance: str


def text(
    site: str,
    nodes: Iterable[tuple[Node, Disk, Seed]],
    images: Iterable[Image],
    torrents: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The manifest for `nodes` of `site`, each with its disk and its seed; `torrents` has the
    SHA-256 of each kind's."""
    lines = [f"golden-installer {FORMAT}", f"site {site}"]
    lines += [_node(node, disk, seed) for node, disk, seed in nodes]
    for image in images:
        lines.append(f"image {image.kind} {image.length} {image.sha256}")
        lines += [_piece(image.kind, piece) for piece in image.pieces]
    lines += [f"torrent {kind} {digest}" for kind, digest in torrents.items()]
    return "".join(f"{line}\n" for line in lines)


def piece_name(number: int) -> str:
    """The file name of a piece in its kind's folder."""
    return f"{number:05d}.gz"


def _node(node: Node, disk: Disk, seed: Seed) -> str:
    sizes = [mib(size) * MIB if size else 0 for size in (disk.root, disk.state)]
    words = [node.name, node.mac, node.kind.name, seed.sha256, seed.length, *_rule(disk), *sizes]
    words.append(seed.instance)
    return f"node {' '.join(map(str, words))}"


def _rule(disk: Disk) -> tuple[str, str]:
    if disk.size:
        least, most = mib_range(disk.size)
        return "size", f"{least * MIB}-{(most or 0) * MIB}"
    return ("serial", plain_serial(disk.serial)) if disk.serial else ("wwn", disk.wwn or "")


def _piece(kind: str, piece: Piece) -> str:
    return (
        f"piece {kind} {piece.number} {piece.length} {piece.sha256} "
        f"{piece.packed_length} {piece.packed_sha256}"
    )

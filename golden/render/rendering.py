"""A site's files in memory: what `disk` writes to rendered/ and the bake puts into images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from golden.definition import Directory, Kind, Site


@dataclass(frozen=True)
class RenderedFile:
    """A file of an image; `mode` is four octal digits, `source` the file it is made from."""

    content: bytes
    source: Path
    mode: str = "0644"
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True, eq=False)
class RenderedKind:
    """What images of `kind` get, by path in the image, and what is recorded beside that.

    `records` are the files that stay with the operator, by path below rendered/<site>/<kind>.
    """

    kind: Kind
    files: Mapping[str, RenderedFile]
    directories: Mapping[str, Directory]
    records: Mapping[str, bytes]


@dataclass(frozen=True, eq=False)
class Rendering:
    """A whole site; `kinds` are by name, `records` by path below rendered/<site>."""

    site: Site
    kinds: Mapping[str, RenderedKind]
    records: Mapping[str, bytes] = field(default_factory=dict)

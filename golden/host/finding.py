"""A finding about this host."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`name` was examined; `ok` says whether it is as it should be.

    `needed`: without it nothing works; `detail` is what was seen; `fix` is one command, empty when
    ok; `package` is the Debian package whose installation is that fix, if it is one.
    """

    name: str
    ok: bool
    needed: bool
    detail: str
    fix: str = ""
    package: str = ""

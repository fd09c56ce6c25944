"""One thing that was looked for on this host."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`name` was looked for; `ok` says whether it is as it should be.

    `needed` tells a must from a may; `detail` is what was seen; `fix` is one command, empty when
    ok; `package` is the Debian package whose installation is that fix, if it is one.
    """

    name: str
    ok: bool
    needed: bool
    detail: str
    fix: str = ""
    package: str = ""

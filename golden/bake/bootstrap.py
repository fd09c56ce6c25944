"""The start of a base: the files of the essential packages, before anything can run in the tree.

essential.sh continues from there.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from golden import run
from golden.packages import AptState, Resolution

# https://wiki.debian.org/UsrMerge: a tree is merged before its first package, or never.
MERGED_FOLDERS = ("bin", "sbin", "lib", "lib64")
MERGED_PACKAGES = {"usr-is-merged", "usrmerge"}
_MERGE = (
    f"mkdir -p {' '.join(f'usr/{name}' for name in MERGED_FOLDERS)}",
    f"for name in {' '.join(MERGED_FOLDERS)}; do ln -s usr/$name $name; done",
)


@dataclass(frozen=True)
class Ground:
    """The empty folder `tree` and what to unpack there. The argv prefix `enter` runs a command that
    may set any owner."""

    state: AptState
    essential: Resolution
    tree: Path
    enter: Sequence[str]
    log: Path

    @property
    def merged(self) -> bool:
        """Whether /bin, /lib and /sbin are links to their namesakes below /usr."""
        return bool(self.essential.names & MERGED_PACKAGES)


def bootstrap(ground: Ground) -> None:
    """Unpack the archives of the essential packages, which apt has verified.

    Raises StageError when a tool fails.
    """
    debs = (shlex.quote(str(ground.state.debs / p.file)) for p in ground.essential.packages)
    script = [
        "set -eu",
        f"cd {shlex.quote(str(ground.tree))}",
        *(_MERGE if ground.merged else ()),
        *(f"dpkg-deb --fsys-tarfile {deb} | tar -x --keep-directory-symlink" for deb in debs),
        # dpkg of wheezy wants all of these to exist, and the last to say how packages are fetched
        # (docs/wheezy.md W2.2).
        "mkdir -p var/lib/dpkg/info var/lib/dpkg/updates",
        "touch var/lib/dpkg/status var/lib/dpkg/available var/lib/dpkg/diversions",
        "echo apt apt >var/lib/dpkg/cmethopt",
    ]
    argv = [*ground.enter, "sh", "-c", "\n".join(script)]
    run.run(argv, log=ground.log, stage="bake base")

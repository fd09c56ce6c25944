"""The start of a base: the files of the essential packages, before anything can run in the tree.

Both methods end in the same state, from which essential.sh continues.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from golden import run
from golden.definition import Release
from golden.errors import UserError
from golden.packages import AptState, Resolution, sources

# https://wiki.debian.org/UsrMerge: a tree is merged before its first package, or never.
MERGED_FOLDERS = ("bin", "sbin", "lib", "lib64")
MERGED_PACKAGES = {"usr-is-merged", "usrmerge"}


@dataclass(frozen=True)
class Ground:
    """The empty folder `tree` and what to unpack there. The argv prefix `enter` runs a command that
    may set any owner."""

    release: Release
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
    """Unpack the essential packages.

    Raises StageError when a tool fails, UserError when the release's keyring is missing.
    """
    _METHODS[ground.release.bootstrap](ground)


def _extract(ground: Ground) -> None:
    """Unpack the archives, which apt has verified, as mmdebstrap does."""
    debs = (shlex.quote(str(ground.state.debs / p.file)) for p in ground.essential.packages)
    script = [
        "set -eu",
        f"cd {shlex.quote(str(ground.tree))}",
        *(_MERGE if ground.merged else ()),
        *(f"dpkg-deb --fsys-tarfile {deb} | tar -x --keep-directory-symlink" for deb in debs),
        "mkdir -p var/lib/dpkg/info var/lib/dpkg/updates",
        "touch var/lib/dpkg/status",
        # dpkg of wheezy wants it to say how packages are fetched (docs/wheezy.md W2.2).
        "echo apt apt >var/lib/dpkg/cmethopt",
    ]
    argv = [*ground.enter, "sh", "-c", "\n".join(script)]
    run.run(argv, log=ground.log, stage="bake base")


_MERGE = (
    f"mkdir -p {' '.join(f'usr/{name}' for name in MERGED_FOLDERS)}",
    f"for name in {' '.join(MERGED_FOLDERS)}; do ln -s usr/$name $name; done",
)


def _debootstrap(ground: Ground) -> None:
    """For old releases: debootstrap is proven on them (docs/wheezy.md W2.1)."""
    release, keyring = ground.release, Path(ground.release.keyring)
    if not keyring.is_file():
        raise UserError(
            f"images/releases/{release.name}.yaml: keyring: {keyring} is not on this host; install "
            "debian-archive-keyring, or name the file it has there"
        )
    argv = ["debootstrap", "--variant=minbase", f"--arch={release.architecture}"]
    argv += ["--merged-usr" if ground.merged else "--no-merged-usr"]
    argv += ["--force-check-gpg", f"--keyring={keyring}", release.suite, str(ground.tree)]
    mirror = sources.mirror_of(release, release.sources[0])
    run.run([*ground.enter, *argv, mirror], log=ground.log, stage="bake base")


_METHODS: Mapping[str, Callable[[Ground], None]] = {
    "mmdebstrap": _extract,
    "debootstrap": _debootstrap,
}

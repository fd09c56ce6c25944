"""The beginning of a base: the essential packages' files, before anything can run in the tree.

Both ways end in the same state, and essential.sh goes on from there.
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
    """The empty folder `tree` and what is to be laid there; commands behind the argv prefix `enter`
    may give its files to any owner."""

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
    """Lay the essential packages' files.

    Raises StageError when a tool fails, UserError when the release's keyring is not there.
    """
    _WAYS[ground.release.bootstrap](ground)


def _extract(ground: Ground) -> None:
    """As mmdebstrap does it: unpack the archives, which apt has verified."""
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


_WAYS: Mapping[str, Callable[[Ground], None]] = {
    "mmdebstrap": _extract,
    "debootstrap": _debootstrap,
}

"""The .deb files of a bake: fetched once by apt, kept in the cache, verified before every use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from golden import paths
from golden.errors import FullDiskError, StageError, UserError
from golden.packages import mirror, store
from golden.packages.model import Package, Resolution
from golden.packages.resolve import Resolver
from golden.packages.state import AptState

# Where packages come from without a mirror: the stand-ins, a copy of a repository on this host.
_LOCAL = ("copy:", "file:")


def fetch(
    resolver: Resolver,
    resolution: Resolution,
    below: Sequence[Package],
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Put every .deb of `resolution` into the cache, whole and with the hash that the index gives.

    `below` are the packages that the resolution builds on. The pool is asked first. Raises
    UserError when the mirror does not deliver a file, StageError when one arrives damaged.
    """
    state = resolver.state
    missing = [p for p in _missing(state.debs, resolution.packages) if not _copied(state, p)]
    if changed := [file for each in missing if (file := state.given_file(each))]:
        raise UserError(
            f"{changed[0]} is gone or was changed just now; run it again when the folder rests"
        )
    if state.offline and (absent := [each for each in missing if not state.is_standin(each)]):
        raise UserError(
            f"--offline: the pool lacks, or has damaged, "
            f"{', '.join(f'{each.name} {each.version}' for each in absent)}; import them with "
            "./inv pool.import FILE, or fill the pool where there is a mirror: ./inv pool.fill"
        )
    if missing:
        _download(resolver, missing, below, say)
        lost = _missing(state.debs, missing)
        if lost:
            raise StageError(
                "packages",
                f"arrived damaged or not at all: {', '.join(package.file for package in lost)}",
                log=state.log,
                hint="run it again; what arrived whole is kept",
            )


def to_fetch(folder: Path, packages: Sequence[Package]) -> int:
    """The bytes that a `fetch` of `packages` into `folder` would get from a mirror, judged by names
    and sizes."""
    return sum(
        package.size
        for package in packages
        if not package.uri.startswith(_LOCAL) and mirror.size(folder / package.file) != package.size
    )


def _missing(folder: Path, packages: Sequence[Package]) -> list[Package]:
    # Hashing releases the interpreter's lock, so two threads use two processors.
    with ThreadPoolExecutor(2) as pool:
        whole = pool.map(lambda package: _whole(folder / package.file, package), packages)
        return [package for package, good in zip(packages, whole, strict=True) if not good]


def _whole(path: Path, package: Package) -> bool:
    if store.is_whole(path, package.size, package.sha256):
        return True
    # apt trusts a file of the right length that is already there, so it must go.
    path.unlink(missing_ok=True)
    return False


def _copied(state: AptState, package: Package) -> bool:
    """Whether the stand-ins, the site's folder or the pool have `package`: then it is in the cache
    now."""
    file, facts = state.debs / package.file, (package.size, package.sha256)
    if state.standins and state.is_standin(package):
        return store.copy(state.standins.place / package.file, file, *facts)
    if (given := state.given_file(package)) and store.copy(given, file, *facts, link=False):
        return True
    source = store.pooled(state.pool, package.sha256)
    if store.copy(source, file, *facts):
        return True
    # A damaged one leaves the pool.
    source.unlink(missing_ok=True)
    return False


def _download(
    resolver: Resolver,
    packages: Sequence[Package],
    below: Sequence[Package],
    say: Callable[[str], None],
) -> None:
    debs, total = resolver.state.debs, sum(package.size for package in packages)
    names = frozenset(package.file for package in packages)
    head = f"fetching {len(packages)} packages: "
    watch = mirror.Flow(
        lambda: mirror.arrived(debs, names), total, lambda text: say(f"{head}{text}")
    )
    # The cache may have been cleared since the index was fetched.
    (debs / "partial").mkdir(parents=True, exist_ok=True)
    try:
        # Unlike `download`, `install` resumes what arrived in part.
        resolver.install(
            [f"{package.name}={package.version}" for package in packages],
            ["--download-only"],
            below,
            watch,
        )
    except FullDiskError:
        raise
    except StageError as error:
        said = next((line[3:] for line in error.tail if line.startswith("E: ")), error.message)
        why = mirror.silence(error.tail) or said
        state = resolver.state
        raise UserError(
            f"the mirror of release '{state.release.name}' did not deliver the packages: {why}; "
            "run it again when it answers, what arrived is kept "
            f"(log: {paths.shown(state.log)})"
        ) from error

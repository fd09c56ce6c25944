"""Find, measure and remove what nothing needs any more.

Kept are the artifacts in place, promoted image releases, everything that a bake of today's
definitions needs, and the disks of booted nodes.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from golden import definition, log, paths
from golden.bake import needed
from golden.definition.fields import mib
from golden.errors import StageError, UserError
from golden.gc import weigh
from golden.layers import enter
from golden.layers.store import RECORD
from golden.layers.workspace import one_bake
from golden.releases import keep, model, stages
from golden.rundir import NodeDir, read

LOG_DAYS = 7
DAY = 86400.0
MIB = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Item:
    """Something to remove: a description, its `path`, and when it was made (epoch)."""

    what: str
    path: Path
    when: float


@dataclass(frozen=True)
class Wanted:
    """What must be kept. `packages` is None when those of some site are unknown."""

    layers: frozenset[str]
    releases: frozenset[str]
    packages: frozenset[str] | None


def collect(limit: str = "", *, dry_run: bool = False) -> int:
    """Remove what nothing needs, oldest first; return the bytes freed.

    `limit`, a size such as 20G, stops once .cache and .artifacts take less; `dry_run` only shows.
    Raises UserError for an invalid size.
    """
    most = _bytes(limit) if limit else None
    with contextlib.nullcontext() if dry_run else one_bake(paths.CACHE):
        chosen, left = _chosen(_items(_wanted()), most)
        freed = weigh.freed(item.path for item in chosen)
        _show(chosen, freed, dry_run=dry_run)
        if not dry_run:
            for item in chosen:
                _remove(item)
    if most is not None and left > most:
        log.warn(
            f"what must stay takes {left / 1e9:.1f} GB, more than the limit of {limit}; "
            "end nodes with ./inv down, or bake fewer sites here"
        )
    return freed


def _bytes(limit: str) -> int:
    try:
        most = mib(limit) * MIB
    except (KeyError, ValueError, IndexError):
        most = -1
    if most < 0:
        raise UserError(f"--limit {limit}: not a size such as 512M or 20G")
    return most


def _chosen(items: Sequence[Item], most: int | None) -> tuple[list[Item], int]:
    """The `items` to remove, and the bytes then left in .cache and .artifacts."""
    whole = weigh.total([paths.CACHE, paths.ARTIFACTS])
    if most is None:
        return list(items), whole - weigh.freed(item.path for item in items)
    chosen: list[Item] = []
    left = whole
    for item in items:
        if left <= most:
            break
        chosen.append(item)
        left = whole - weigh.freed(each.path for each in chosen)
    return chosen, left


def _show(items: Sequence[Item], freed: int, *, dry_run: bool) -> None:
    if items:
        rows = [
            (item.what, time.strftime("%Y-%m-%d %H:%M", time.gmtime(item.when)), _mb(item))
            for item in items
        ]
        log.table(["what", "made", "MB"], rows)
    verb = "would be removed" if dry_run else "removed"
    freeing = f"{len(items)} items {verb}, {freed / 1e6:.0f} MB freed"
    log.info(freeing if items else "nothing to do")


def _mb(item: Item) -> str:
    return f"{weigh.freed([item.path]) / 1e6:.0f}"


# ---- what must stay


def _wanted() -> Wanted:
    layers, complete = set(stages.layers()), True
    spared: set[str] = set()
    packages: set[str] = set()
    for site in _sites():
        try:
            found = needed(definition.load(site))
        except (UserError, StageError) as error:
            log.warn(
                f"site {site}: keeping everything it was baked from, as its needs are unknown:"
            )
            log.warn(str(error).partition("\n")[0])
            layers |= _noted(site)
            complete = False
        else:
            layers |= found.layers
            spared |= found.releases
            packages |= found.packages
    files, tags = _in_use()
    spared |= {release.id for release in stages.all_releases() if _files(release) & files}
    return Wanted(
        frozenset(_with_parents(layers | tags)),
        frozenset(spared),
        frozenset(packages) if complete else None,
    )


def _sites() -> list[str]:
    """The sites in the definition of which something was baked here."""
    return [site for site in definition.sites() if (paths.CACHE / "latest" / site).is_dir()]


def _noted(site: str) -> set[str]:
    notes = (paths.CACHE / "latest" / site).glob("*.json")
    return {key for note in notes for key in json.loads(note.read_text())["keys"]}


def _in_use() -> tuple[set[tuple[int, int]], set[str]]:
    """The disks (device, inode) and layers that booted or kept nodes use."""
    files, keys = set(), set()
    for folder in (paths.CACHE / "run").glob("*/*/"):
        node = NodeDir(folder.parent.name, folder.name)
        state, base = node.state(), read(node.base)
        names = [state.artifact] if state else []
        names += [str(base[0])] if isinstance(base, list) and base else []
        for name in names:
            if Path(name).is_file():
                files.add(_inode(Path(name)))
            keys.add(name.rpartition(":")[2])
    return files, keys


def _files(release: model.ImageRelease) -> set[tuple[int, int]]:
    found = (image.folder / name for image in release.images.values() for name in image.files)
    return {_inode(path) for path in found if path.is_file()}


def _inode(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _with_parents(keys: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for key in keys:
        name: str | None = key
        while name and name not in found:
            found.add(name)
            record = paths.CACHE / "layers" / name / RECORD
            name = json.loads(record.read_text())["parent"] if record.is_file() else None
    return found


# ---- what can go


def _items(wanted: Wanted) -> list[Item]:
    found = [*_old_releases(wanted), *_old_layers(wanted), *_old_packages(wanted), *_old_logs()]
    return sorted(found, key=lambda item: item.when)


def _old_releases(wanted: Wanted) -> Iterator[Item]:
    for folder in paths.ARTIFACTS.glob("*/releases"):
        site = folder.parent.name
        for release in stages.superseded(site, wanted.releases):
            stage = stages.read(site).stage_of(release)
            yield _item(f"release {release.id} of site {site}, {stage}", release.folder)
        for left in (*folder.glob(".*.partial"), *folder.glob(".*.gone")):
            yield _item(f"what a killed command left in {site}/releases", left)
        for left in folder.glob(f"{model.FETCHED}/*"):
            # A younger one may be under way, or go on.
            if left.stat().st_mtime < time.time() - DAY:
                yield _item(f"what was fetched of a release of site {site}", left)


def _old_layers(wanted: Wanted) -> Iterator[Item]:
    for folder in (paths.CACHE / "layers").glob("*"):
        if folder.name not in wanted.layers:
            record = folder / RECORD
            name = json.loads(record.read_text())["name"] if record.is_file() else "half made"
            yield _item(f"layer {name} {folder.name[:12]}", folder)


def _old_packages(wanted: Wanted) -> Iterator[Item]:
    if wanted.packages is None:
        return
    for top in ("debs", "pool"):
        for file in (paths.CACHE / top).rglob("*"):
            name = file.name.removesuffix(".deb")
            is_package = file.name != name or _SHA256.fullmatch(name)
            if is_package and not {file.name, name} & wanted.packages and file.is_file():
                yield _item(f"package {file.name}", file)


def _old_logs() -> Iterator[Item]:
    for file in (paths.CACHE / "log").rglob("*"):
        if file.is_file() and file.stat().st_mtime < time.time() - LOG_DAYS * DAY:
            yield _item(f"log {file.relative_to(paths.CACHE)}", file)


def _item(what: str, path: Path) -> Item:
    return Item(what, path, path.stat().st_mtime)


def _remove(item: Item) -> None:
    if item.path.is_file():
        item.path.unlink()
    elif item.path.parent == paths.CACHE / "layers":
        # Without its record it is no layer any more, even if this is cut short.
        (item.path / RECORD).unlink(missing_ok=True)
        enter.remove([item.path])
    elif (item.path / model.RECORD).is_file():
        keep.remove(model.find(item.path.parents[1].name, item.path.name))
    else:
        shutil.rmtree(item.path)

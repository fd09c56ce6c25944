"""Make an image release of a site current: its disks become the artifacts of all kinds, in one step
or not at all."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from golden import atomic, log, manifest, paths, rundir
from golden.errors import UserError
from golden.layers.workspace import one_bake
from golden.releases import keep, stages
from golden.releases.model import ImageRelease, every, find
from golden.releases.stages import FILE, NOW, Stages
from golden.rundir import NodeDir

SETS = ".sets"


def promote(site: str, name: str = "") -> ImageRelease:
    """Make the release whose id starts with `name` current, by default the newest candidate; the
    current one becomes the previous. Raises UserError when it is missing or damaged."""
    with one_bake(paths.CACHE), keep.lock(site):
        before = stages.read(site)
        release = find(site, name) if name else _candidate(site, before)
        if release.id == before.current and stages.in_place(site) == release:
            log.info(f"release {release.id} is current and in place already: nothing to do")
            return release
        _switch(release, before.promote(release.id))
    return release


def rollback(site: str) -> ImageRelease:
    """Swap the current and the previous release of a site. Raises UserError without one."""
    with one_bake(paths.CACHE), keep.lock(site):
        before = stages.read(site)
        if not before.previous:
            raise UserError(
                f"site {site} has no previous release to roll back to: only "
                "./inv release.promote makes one, of the release that was current until then"
            )
        release = find(site, before.previous)
        _switch(release, before.promote(release.id))
    return release


def _runs(site: str, node: str) -> bool:
    return NodeDir(site, node).running() is not None


def _candidate(site: str, now: Stages) -> ImageRelease:
    there = stages.in_place(site)
    candidates = [each for each in every(site) if now.stage_of(each) == "candidate"]
    if not candidates:
        raise UserError(
            f"site {site} has no candidate: bake one with ./inv bake --site {site}, or name a "
            "release that ./inv release.list shows"
        )
    return there if there in candidates else candidates[0]


def _switch(release: ImageRelease, then: Stages) -> None:
    site = release.site
    release.verify()
    before = stages.read(site)
    base = paths.ARTIFACTS / site
    _bring_behind_link(site, release.images, before)
    others = [kind for kind in _linked(base) if kind not in release.images]
    new = _new_set(base, then)
    for image in release.images.values():
        _link_all(image.folder, new / image.kind)
    for kind in others:
        _link_all(base / kind, new / kind)
    _point(base, new)
    _remove_sets(base)
    log.info(f"release {release.id} is current; {', '.join(release.images)} are its disks")
    running = sorted(
        path.name for path in rundir.site_dir(site).glob("*/") if _runs(site, path.name)
    )
    if running:
        log.warn(
            f"still running from what was in place before: {', '.join(running)}; ./inv down "
            f"and ./inv boot --site {site} bring them up from this release"
        )
    if then.previous:
        log.info(f"back to {then.previous} with: ./inv release.rollback --site {site}")


def _bring_behind_link(site: str, kinds: Iterable[str], before: Stages) -> None:
    """Make every kind's folder a link through .now to the same files as before."""
    base = paths.ARTIFACTS / site
    if not stages.now(site).is_symlink():
        _point(base, _new_set(base, before))
    behind = stages.now(site).resolve()
    found = [path.parent.name for path in base.glob(f"*/{manifest.NAME}")]
    for kind in {*kinds, *found}:
        link = base / f".{kind}.link"
        if not (base / kind).is_symlink():
            _replace_by_link(base / kind, behind / kind, link)
        # Also what a switch left that was killed right here.
        _remove(link)


def _replace_by_link(place: Path, behind: Path, link: Path) -> None:
    shutil.rmtree(behind, ignore_errors=True)
    _remove(link)
    link.symlink_to(f"{NOW}/{place.name}")
    if place.is_dir():
        _link_all(place, behind)
        atomic.exchange(link, place)
    else:
        behind.mkdir()
        link.rename(place)


def _linked(base: Path) -> list[str]:
    return [path.name for path in sorted(base.iterdir()) if path.is_symlink() and path.name != NOW]


def _new_set(base: Path, then: Stages) -> Path:
    folder = base / SETS / f"{time.time_ns()}"
    folder.mkdir(parents=True)
    atomic.write(folder / FILE, then.text(), durable=True)
    return folder


def _link_all(source: Path, target: Path) -> None:
    """Link the files of `source` into `target`: they are never written to, only replaced."""
    target.mkdir()
    for file in source.iterdir():
        if file.is_file() and not file.name.startswith("."):
            os.link(file, target / file.name)


def _point(base: Path, target: Path) -> None:
    link = base / f"{NOW}.new"
    _remove(link)
    link.symlink_to(target.relative_to(base))
    link.replace(base / NOW)


def _remove_sets(base: Path) -> None:
    """Remove the sets of earlier switches, completed or killed."""
    now = (base / NOW).resolve()
    for folder in (base / SETS).iterdir():
        if folder != now:
            shutil.rmtree(folder)


def _remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)

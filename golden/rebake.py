"""Bake a site again from nothing, in different surroundings, and compare the results.

A layer's inputs are in its key; any other influence (host name, time zone, umask, number of
processors, path, time) shows as a difference between two bakes of one key, in a file or in the
bytes of the disk.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from golden import definition, log, manifest, paths, run
from golden.bake import bake
from golden.diff import compare, sides
from golden.diff.compare import Change
from golden.errors import StageError
from golden.layers import overlay
from golden.layers.overlay import Tree

# Different from the host's own, for programs that read it.
ENVIRONMENT = {"TZ": "Pacific/Auckland", "LANG": "C", "LC_ALL": "C"}
_ELSEWHERE = 'hostname elsewhere && umask 077 && exec "$@"'
# No shell, apt.conf, HCL or URL takes this name as it is.
_NAME = "it's my images #1 50%"
_MADE = (".artifacts", ".cache", ".secrets", ".venv", ".*_cache", ".hypothesis", "__pycache__")
_INFO = "/var/lib/dpkg/info/"


def rebake(site_name: str, *, verify: bool = False) -> None:
    """Bake `site_name` from nothing in a copy of the checkout, without fetching any package.

    With `verify` both bakes are compared: StageError names each layer of another key, each file
    that differs, even in its time stamp alone, with its package, and each disk whose bytes differ.
    """
    site = definition.load(site_name)
    bake(site)
    folder = paths.CACHE / "rebake"
    shutil.rmtree(folder, ignore_errors=True)
    home = folder / _NAME
    _again(site_name, home)
    if verify:
        kinds = [kind.name for kind in site.kinds]
        differences = [line for kind in kinds for line in _compared(site_name, kind, home)]
        shutil.rmtree(folder)
        if differences:
            raise StageError(
                "rebake",
                f"site {site_name}: {len(differences)} differences between two bakes",
                tail=differences,
            )


def _take_along(home: Path) -> None:
    """Link packages and pool: a mirror may no longer have the locked versions."""
    unfinished = shutil.ignore_patterns(".*", "partial", "lock")
    for name in ("debs", "pool"):
        if (paths.CACHE / name).is_dir():
            target = home / ".cache" / name
            shutil.copytree(paths.CACHE / name, target, ignore=unfinished, copy_function=os.link)


def _again(site: str, home: Path) -> None:
    # With the repository, whose revision is in the image; without what was made here.
    made = shutil.ignore_patterns(*_MADE)
    shutil.copytree(paths.ROOT, home, symlinks=True, ignore=made)
    _take_along(home)
    # Only root may give a host another name without a user namespace, which a bake makes itself.
    apart = ["unshare", "--uts", "sh", "-c", _ELSEWHERE, "sh"] if os.geteuid() == 0 else []
    invoke = [sys.executable, "-P", "-m", "invoke", "--search-root", str(home)]
    argv = [*apart, "taskset", "--cpu-list", "0", *invoke, "bake", "--site", site]
    with log.progress() as progress:
        task = progress.task("bake again, in other surroundings")
        run.run(
            argv,
            env={**ENVIRONMENT, "GOLDEN_HOME": str(home)},
            log=paths.CACHE / "log/rebake.log",
            on_line=task.say,
            stage="rebake",
        )
        task.done()


def _compared(site: str, kind: str, home: Path) -> list[str]:
    """A line for each difference between the image in place and the one below `home`."""
    here = manifest.load(manifest.folder(site, kind)) or {}
    there = manifest.load(home / ".artifacts" / site / kind) or {}
    stacks = (
        sides.baked(kind, here, paths.CACHE).layers,
        sides.baked(kind, there, home / ".cache").layers,
    )
    image = overlay.merged(stacks[0])
    found = _differences(*stacks)
    lines = [f"{kind}: {line}" for line in _named(found, image)]
    for one, other in zip(here["layers"], there["layers"], strict=True):
        if one["key"] != other["key"]:
            lines.append(f"{kind}: layer {one['name']}: key {one['key']} → {other['key']}")
    old, new = _disk(here), _disk(there)
    if old != new:
        lines.append(f"{kind}: the bytes of the disk: sha256 {old} → {new}")
    same = "the same" if old == new else "not the same"
    log.info(f"{kind}: {len(image)} paths, {len(found)} differ; the disk is {same}")
    return lines


def _differences(here: Sequence[Path], there: Sequence[Path]) -> list[Change]:
    """The differences in any layer, even if another hides them, or in the whole; each path once."""
    found: dict[str, Change] = {}
    views = [*(((a,), (b,)) for a, b in zip(here, there, strict=True)), (here, there)]
    for pair in views:
        for change in compare.changes(*map(overlay.merged, pair), times=True):
            found.setdefault(change.path, change)
    return list(found.values())


def _disk(record: Mapping[str, Any]) -> str:
    return str(record["artifacts"]["qcow2"]["sha256"])


def _named(found: list[Change], image: Tree) -> Iterator[str]:
    owners = _packages(image)
    for change in found:
        facts = "; ".join(
            f"{name} {old or 'none'} → {new or 'none'}" for name, old, new in change.facts
        )
        lines = f"{len(change.lines)} lines of difference" if change.lines else ""
        package = owners.get(change.path, "no package")
        yield f"{change.what} {change.path} ({package}): {facts or lines}"


def _packages(image: Tree) -> dict[str, str]:
    """{path: package} of all files in the image's dpkg database."""
    lists = [path for path in image if path.startswith(_INFO) and path.endswith(".list")]
    return {
        line: path.removeprefix(_INFO).removesuffix(".list").partition(":")[0]
        for path in lists
        for line in overlay.lines(image, path)
    }

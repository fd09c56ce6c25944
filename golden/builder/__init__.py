"""The image golden-builder: a Debian in a container that bakes, for a host that is none.

Made by the bake's own code, as an archive of `docker load`. Its layers: recipe/builder_image; what
it does when it starts: scripts/builder/enter.py; how it runs: compose/builder.yaml.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from docker.errors import DockerException

from golden import atomic, lock, log, paths
from golden.bake.layer import Builder
from golden.boot.container import engine
from golden.boot.container.archive import pack_command, packed, pieces
from golden.definition import load
from golden.errors import StageError, UserError, explain_full_disk
from golden.host.require import require
from golden.layers import Store, working
from golden.log import Progress
from golden.packages import wheels
from golden.recipe import Recipe, builder_image

NAME = "golden-builder"
_SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# GIT_OPTIONAL_LOCKS: asking for a revision changes nothing in the checkout (git-status(1)).
CONFIG = {
    "Entrypoint": [builder_image.ENTRY],
    "Cmd": ["inv"],
    "WorkingDir": "/golden",
    "Env": [
        *(f"PATH={builder_image.VENV}/bin:{_SYSTEM}", "HOME=/root", "LANG=C.UTF-8"),
        "GIT_OPTIONAL_LOCKS=0",
    ],
}


def make() -> Path:
    """Write the image to .artifacts, and load it where a Docker engine answers; returns the file.

    Raises UserError before anything is written, StageError when a layer fails.
    """
    target = paths.ARTIFACTS / f"{NAME}.tar.gz"
    site = load(builder_image.SITE)
    require(site)
    with explain_full_disk("builder", paths.shown(target), "make room and run it again"):
        held, resolver = lock.resolver(site.release, offline=False)
        recipes = builder_image.recipes(site, resolver)
        if held:
            lock.require(site.release, held, recipes[-1].all_packages(), offline=False)
        target.parent.mkdir(parents=True, exist_ok=True)
        with working(paths.CACHE) as workspace, log.progress() as progress:
            builder = Builder(site, Store(paths.CACHE), workspace, resolver)
            _make(builder, recipes, progress)
            _write(builder, recipes, target, progress)
    log.info(f"{paths.shown(target)}: {target.stat().st_size / 1e6:.0f} MB")
    _load(target)
    return target


def _make(builder: Builder, recipes: Sequence[Recipe], progress: Progress) -> None:
    """Make the layers that are missing."""
    for each in recipes:
        if builder.store.get(each.layer) is None:
            task = progress.task(each.name)
            builder.fetch(each, task.say)
            if each is recipes[-1]:
                task.say(f"fetching the wheels of {wheels.LOCK.name}")
                found = wheels.fetch(builder_image.python(each))
                each = replace(each, payload={**each.payload, **found})
            builder.make(each, task.say)
            task.done()
        builder.store.keep(builder.site.name, each.layer, each.texts)
    builder.store.settle([each.layer for each in recipes])


def _write(builder: Builder, recipes: Sequence[Recipe], target: Path, progress: Progress) -> None:
    """Write the archive whole or not at all; equal layers give equal bytes."""
    task = progress.task(NAME)
    task.say("packing its layers")
    stored = builder.stored([each.layer for each in recipes])
    archives = [builder.workspace.folder / f"{NAME}.{number}.tar" for number in range(len(stored))]
    hashes = [
        packed(pack_command(builder.workspace, archive.name, layer.tree), archive)
        for archive, layer in zip(archives, stored, strict=True)
    ]
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stored[-1].epoch))
    facts = {"created": created, "config": CONFIG}
    task.say("compressing")
    partial = atomic.partial(target)
    try:
        with partial.open("wb") as file, gzip.GzipFile("", "wb", 1, file, mtime=0) as packing:
            for piece in pieces(f"{NAME}:latest", facts, hashes, archives):
                packing.write(piece)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    task.done()


def _load(archive: Path) -> None:
    by_hand = f"docker load --input {paths.shown(archive)}"
    try:
        client = engine.connect()
    except UserError:
        log.info(f"no Docker engine answers here; where one does: {by_hand}")
        return
    try:
        with archive.open("rb") as file:
            # The SDK hands it on to requests, which takes a file too.
            content: Any = file
            client.images.load(content)
    except DockerException as error:
        message = f"the Docker engine did not take the image: {error}"
        raise StageError("builder", message, hint=by_hand) from error
    log.info(f"loaded as {NAME}:latest into the engine at {engine.socket_path()}")

"""From the finished layers of a kind to its artifact: disk and manifest."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from golden import disk, manifest
from golden.bake import tree
from golden.bake.layer import Kitchen
from golden.definition import Kind, Site
from golden.layers import View
from golden.layers.model import digest
from golden.recipe import Recipes, tools


def inputs(site: Site, kind: Kind, fmt: str) -> dict[str, str]:
    """What goes into the disk besides the tree, each by its name in words."""
    return {"the disk's format": fmt, **({} if fmt == tree.FORMAT else settings(site, kind))}


def settings(site: Site, kind: Kind) -> dict[str, str]:
    """What goes into a disk of any bootable format."""
    return {
        "the image's size": f"{kind.image_size_mib}",
        "the options of qcow2": f"{site.release.qcow2.compat} {site.release.qcow2.compression}",
        **tools.of_disks(),
    }


def tree_identity(kind: Kind, recipes: Recipes) -> str:
    """Stands for the whole tree of an image of `kind`."""
    return digest(" ".join(recipe.layer.key for recipe in recipes.stack(kind.name)).encode())


def identity(site: Site, kind: Kind, fmt: str, recipes: Recipes) -> str:
    """Changes when the disk would."""
    facts = [tree_identity(kind, recipes), inputs(site, kind, fmt)]
    return digest(json.dumps(facts, sort_keys=True).encode())


def last_seconds(site: str, kind: str, fmt: str) -> float | None:
    """How long this disk took the last time; None when it was never made."""
    record = ((manifest.read(site, kind) or {}).get("artifacts") or {}).get(fmt)
    return float(record["seconds"]["all"]) if record else None


def reasons(site: Site, kind: Kind, fmt: str, recipes: Recipes) -> tuple[str, ...]:
    """Why a disk whose layers are all there must be made again; never empty."""
    old = manifest.read(site.name, kind.name)
    if old is None or old["tree"] != tree_identity(kind, recipes):
        return ("its layers were baked again",)
    before, now = old["artifacts"][fmt]["inputs"], inputs(site, kind, fmt)
    changed = [name for name in now if before.get(name) != now[name]]
    return tuple(f"{name} changed" for name in changed) or ("the file is gone or damaged",)


def make(
    kitchen: Kitchen, kind: Kind, fmt: str, recipes: Recipes, say: Callable[[str], None]
) -> manifest.Artifact:
    """Build and publish the disk of `kind`. Raises UserError when the tree does not fit."""
    site = kitchen.site
    began = time.monotonic()
    built = _build(kitchen, kind, fmt, recipes, say)
    say("manifest")
    sha256 = manifest.sha256(built.path)
    record = {
        "file": built.path.name,
        "key": identity(site, kind, fmt, recipes),
        "length": built.path.stat().st_size,
        "bytes": built.bytes,
        "sha256": sha256,
        "used_mib": built.used_mib,
        "size_mib": kind.image_size_mib,
        "uuid": built.uuid,
        "inputs": inputs(site, kind, fmt),
        "seconds": {**built.seconds, "all": round(time.monotonic() - began, 2)},
    }
    manifest.write(site.name, kind.name, fmt, record, facts(kitchen, kind, recipes))
    return manifest.Artifact(site.name, kind.name, fmt, built.path, built.bytes, sha256, fresh=True)


def _build(
    kitchen: Kitchen, kind: Kind, fmt: str, recipes: Recipes, say: Callable[[str], None]
) -> disk.Built:
    site, log = kitchen.site, kitchen.log(f"{kind.name}.disk")
    path = manifest.disk_path(site.name, kind.name, fmt)
    if fmt == tree.FORMAT:
        return tree.build(recipes.stack(kind.name), path, tree_identity(kind, recipes))
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    stored = [kitchen.store.get(recipe.layer) for recipe in recipes.stack(kind.name)]
    view = View(
        at=kitchen.workshop.bench(f"{kind.name}.disk") / "root",
        lower=tuple(layer.tree for layer in stored if layer),
        alive=kitchen.workshop.alive,
        busy=kitchen.workshop.busy,
    )
    return disk.build(
        view.at,
        path,
        size_mib=kind.image_size_mib,
        identity=tree_identity(kind, recipes),
        epoch=max(layer.epoch for layer in stored if layer),
        fmt=fmt,
        qcow2={"compat": site.release.qcow2.compat, "compression": site.release.qcow2.compression},
        enter=view.prefix("disk"),
        log=log,
        on_step=say,
    )


def facts(kitchen: Kitchen, kind: Kind, recipes: Recipes) -> dict[str, Any]:
    """What a manifest says about the tree, whatever the format of the disk."""
    revision, dirty = tools.git_revision()
    top = recipes.kinds[kind.name][-1]
    layers = []
    for recipe in reversed(recipes.stack(kind.name)):
        stored = kitchen.store.get(recipe.layer)
        layers.append(
            {
                "name": recipe.name,
                "key": recipe.layer.key,
                "seconds": stored.seconds if stored else None,
                "inputs": recipe.layer.inputs,
            }
        )
    return {
        "release": kitchen.site.release.name,
        "tree": tree_identity(kind, recipes),
        "git": {"revision": revision, "dirty": dirty},
        "tools": dict(tools.versions()),
        "sources": list(kitchen.resolver.state.lines),
        "layers": layers,
        "packages": {package.name: package.version for package in top.all_packages()},
    }

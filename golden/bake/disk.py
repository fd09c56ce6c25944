"""From the finished layers of a kind to its artifact and manifest."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from golden import atomic, disk, log, manifest
from golden.bake.layer import Builder
from golden.definition import Kind, Site
from golden.disk.build import FORMATS as BOOTABLE
from golden.errors import StageError, UserError
from golden.keys import marks
from golden.layers import View
from golden.layers.model import digest
from golden.layers.overlay import Stack
from golden.packages import sources
from golden.recipe import Recipe, Recipes, tools

# No disk but the list of its layers, for a target that takes the layers themselves.
TREE = "tree"
FORMATS = (*BOOTABLE, TREE)


def settings(site: Site, kind: Kind) -> dict[str, str]:
    """The inputs of a disk of any bootable format besides the tree, by their names in messages."""
    return {
        "the image's size": f"{kind.image_size_mib}",
        "the options of qcow2": f"{site.release.qcow2.compat} {site.release.qcow2.compression}",
        **tools.for_disks(),
    }


@dataclass(frozen=True)
class Disk:
    """The disk of `kind` in `format`, made of the layers in `recipes`; `origins` are those of
    packages that are no release's own."""

    site: Site
    kind: Kind
    format: str
    recipes: Recipes
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in plans and logs: `node1.disk`."""
        return f"{self.kind.name}.disk"

    @property
    def stack(self) -> tuple[Recipe, ...]:
        """Its layers, top first."""
        return self.recipes.stack(self.kind.name)

    @property
    def inputs(self) -> dict[str, str]:
        """What goes into it besides the tree, by names for messages."""
        own = {} if self.format == TREE else settings(self.site, self.kind)
        return {"the disk's format": self.format, **own}

    @property
    def tree_key(self) -> str:
        """The hash of the keys of its layers."""
        return digest(" ".join(recipe.layer.key for recipe in self.stack).encode())

    @property
    def key(self) -> str:
        """The hash of everything that goes in."""
        return digest(json.dumps([self.tree_key, self.inputs], sort_keys=True).encode())

    def last(self) -> Mapping[str, Any]:
        """The manifest's record of the last such disk; empty where none was baked."""
        found = manifest.read(self.site.name, self.kind.name) or {}
        record: Mapping[str, Any] = found.get("artifacts", {}).get(self.format, {})
        return record

    def discard_if_changed(self) -> None:
        """Remove the disk in place when it, or a file beside it, is not what was baked."""
        found = manifest.find(self.site.name, self.kind.name, self.format, None)
        if found:
            try:
                manifest.compare(self.site.name, self.kind.name, self.format)
            except UserError as error:
                log.warn(str(error))
                found.path.unlink()

    def reasons(self) -> tuple[str, ...]:
        """Why a disk whose layers are all present must be made again; never empty."""
        old = manifest.read(self.site.name, self.kind.name)
        if (
            old is None
            and (manifest.folder(self.site.name, self.kind.name) / manifest.NAME).exists()
        ):
            return ("its manifest is not one that this checkout has signed",)
        if old is None or old["tree"] != self.tree_key:
            return ("its layers were baked again",)
        before, now = self.last()["inputs"], self.inputs
        changed = [name for name in now if before.get(name) != now[name]]
        return tuple(f"{name} changed" for name in changed) or ("the file is gone or damaged",)


def make(builder: Builder, target: Disk, say: Callable[[str], None]) -> None:
    """Build and publish the disk. Raises UserError when the tree does not fit."""
    began = time.monotonic()
    built = _list(target) if target.format == TREE else _build(builder, target, say)
    say("bill of materials")
    facts = _facts(builder, target)
    # A mirror changes its own, or is gone one day.
    heads = sources.signed_heads(builder.resolver.state.lists)
    beside = {**_bill(builder, target, facts), **heads}
    place = manifest.folder(target.site.name, target.kind.name)
    for name, content in beside.items():
        atomic.write(place / name, content)
    facts["beside"] = {name: manifest.sha256(place / name) for name in beside}
    if held := marks.held_in(json.dumps(facts).encode(), builder.secrets):
        raise StageError("bake", f"the manifest of {target.kind.name} would hold the secret {held}")
    say("manifest")
    record = {
        "file": built.path.name,
        "key": target.key,
        "length": built.path.stat().st_size,
        "bytes": built.bytes,
        "sha256": manifest.sha256(built.path),
        "used_mib": built.used_mib,
        "size_mib": target.kind.image_size_mib,
        "uuid": built.uuid,
        "inputs": target.inputs,
        "seconds": {**built.seconds, "all": round(time.monotonic() - began, 2)},
    }
    manifest.write(target.site.name, target.kind.name, target.format, record, facts)


def _bill(builder: Builder, target: Disk, facts: Mapping[str, Any]) -> dict[str, bytes]:
    """The bill of materials."""
    # Its library takes as long to load as a bake with nothing to do.
    from golden.bake import sbom

    site, kind = target.site, target.kind
    image = sbom.image(site.name, kind.name, site.release.name)
    layers = builder.stored([recipe.layer for recipe in target.stack])
    text = sbom.text(image, layers, facts["packages"], facts["origins"])
    return {manifest.SBOM: text.encode()}


def _list(target: Disk) -> disk.Built:
    """Write the names and keys of the layers, lowest first."""
    path = manifest.disk_path(target.site.name, target.kind.name, TREE)
    layers = [{"name": each.name, "key": each.layer.key} for each in reversed(target.stack)]
    atomic.write(path, json.dumps(layers, indent=1) + "\n")
    return disk.Built(path, TREE, path.stat().st_size, 0, target.tree_key, {})


def _build(builder: Builder, target: Disk, say: Callable[[str], None]) -> disk.Built:
    site, kind = target.site, target.kind
    layers = builder.stored([recipe.layer for recipe in target.stack])
    trees = tuple(layer.tree for layer in layers)
    disk.require_bootable(Stack(trees).holds, bool(site.release.own_kernel))
    view = View(
        at=builder.workspace.scratch(target.name) / "root",
        lower=trees,
        alive=builder.workspace.alive,
        busy=builder.workspace.busy,
    )
    return disk.build(
        view.at,
        manifest.disk_path(site.name, kind.name, target.format),
        size_mib=kind.image_size_mib,
        identity=target.tree_key,
        epoch=max(layer.epoch for layer in layers),
        fmt=target.format,
        options=asdict(site.release.qcow2),
        enter=view.prefix("disk"),
        log=builder.new_log(target.name),
        on_step=say,
    )


def _facts(builder: Builder, target: Disk) -> dict[str, Any]:
    """The manifest's facts about the tree, whatever the format of the disk."""
    lower = builder.stored([recipe.layer for recipe in target.stack])
    layers = [
        {
            "name": recipe.name,
            "key": recipe.layer.key,
            "seconds": stored.seconds,
            "content": stored.content,
            "inputs": recipe.layer.inputs,
        }
        for recipe, stored in zip(reversed(target.stack), reversed(lower), strict=True)
    ]
    packages = target.stack[0].all_packages()
    return {
        "release": target.site.release.name,
        "tree": target.tree_key,
        "git": tools.git_revision().to_json(),
        "tools": dict(tools.versions()),
        "sources": [sources.recorded(line) for line in builder.resolver.state.lines],
        "layers": layers,
        "packages": {package.name: package.version for package in packages},
        "origins": {p.name: target.origins[p.name] for p in packages if p.name in target.origins},
    }

"""Whether the images in place are of today's definitions: asked before nodes are booted from them.

An old image with a new seed fails in the middle of its first boot. Packages that moved on the
mirror are no reason: what is compared here is what the checkout says, without asking apt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from golden import manifest
from golden.definition import Kind, Site
from golden.definition.models import LAYERS
from golden.errors import UserError
from golden.layers.model import Inputs
from golden.layers.reasons import Side, changes, shortened
from golden.recipe import script_hashes, site_recipe
from golden.render import Rendering, render

_SECTIONS = ("scripts", "settings", "files")


def require_current(site: Site, nodes: Iterable[str] = ()) -> None:
    """Raise UserError, naming what changed, when the images of `nodes` (default: all) are stale.

    What was never baked is not looked at.
    """
    if found := stale(site, nodes):
        raise UserError(
            f"these layers are stale: {'; '.join(found)}; bake them with ./inv bake "
            f"--site {site.name}, or boot the images as they are with --as-baked"
        )


def stale(site: Site, nodes: Iterable[str] = ()) -> list[str]:
    """Each stale layer, and why, of the images of `nodes` (default: all)."""
    kinds = dict.fromkeys([site.node(name).kind for name in nodes] or site.kinds)
    rendering = render(site)
    return list(dict.fromkeys(text for kind in kinds for text in _stale(site, kind, rendering)))


def _stale(site: Site, kind: Kind, rendering: Rendering) -> Iterator[str]:
    found = manifest.read(site.name, kind.name)
    if found is None:
        return
    for layer in found["layers"]:
        reasons = [*_layer(site, kind, rendering, layer)]
        if reasons:
            yield f"{layer['name']} ({'; '.join(shortened(reasons))})"
    asked = {name for layer in LAYERS for name in site.packages(kind, layer)}
    if lacking := sorted(asked - found["packages"].keys()):
        yield f"{kind.name} (without {', '.join(lacking)})"


def _layer(site: Site, kind: Kind, rendering: Rendering, layer: Mapping[str, Any]) -> Iterable[str]:
    old: Inputs = layer["inputs"]
    new: Inputs = {"scripts": script_hashes(old.get("scripts", ()))}
    if layer["name"] == f"{kind.name}.site":
        new = site_recipe(site, rendering, kind, None).layer.inputs
    chosen = [name for name in _SECTIONS if name in new]
    before, after = ({name: side.get(name, {}) for name in chosen} for side in (old, new))
    return changes(Side(before), Side(after))

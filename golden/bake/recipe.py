"""From a site to its layers: which packages, scripts and files each one is made of, bottom first.

The order of the bake is the order of this file: base, initramfs, then for each kind platform,
synnefo and site. What is common to all kinds lies in the base, which is baked once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from golden import paths
from golden.bake import payload, tools
from golden.definition import Kind, Site
from golden.definition.models import RoleLayer
from golden.layers import Layer
from golden.layers.model import Inputs, digest
from golden.packages import Package, Resolution, Resolver
from golden.render import Rendering

SCRIPTS = paths.SCRIPTS / "bake"

OWN_LAYERS: tuple[RoleLayer, ...] = ("platform", "synnefo")

# In front of and behind the scripts that roles bring.
BASE_BEGIN = ("essential.sh", "begin.sh", "users.sh", "packages.sh")
PACKAGES_BEGIN = ("begin.sh", "packages.sh")
PACKAGES_END = ("end.sh",)
INITRAMFS = ("initramfs.sh",)
SITE = ("files.sh", "services.sh", "hygiene.sh")

# apt, because an operator wants it; and whichever of these the base asks for must be there before
# the package that would otherwise bring perl to merge /usr.
BOOTSTRAP = ("?essential", "apt")
MERGED_USR = "usr-is-merged"


@dataclass(frozen=True, eq=False)
class Recipe:
    """How one layer is made: its scripts run in order, with `payload` in /run/bake/input.

    `packages` are what it adds on top of `below`. `essential` is the bootstrap's share of a base.
    """

    layer: Layer
    scripts: tuple[str, ...]
    payload: Mapping[str, bytes]
    packages: Resolution
    below: tuple[Package, ...]
    essential: Resolution | None = None

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name

    def all_packages(self) -> tuple[Package, ...]:
        """Every package that is in the tree when this layer is on top."""
        return (*self.below, *self.packages.packages)


@dataclass(frozen=True, eq=False)
class Recipes:
    """All layers of a site: the shared ones, and each kind's own, bottom first."""

    base: Recipe
    initramfs: Recipe
    kinds: Mapping[str, tuple[Recipe, ...]]

    def all(self) -> tuple[Recipe, ...]:
        """Every layer once, in an order in which they can be made."""
        own = (recipe for recipes in self.kinds.values() for recipe in recipes)
        return (self.base, self.initramfs, *own)

    def stack(self, kind: str) -> tuple[Recipe, ...]:
        """The layers that make up an image of `kind`, top first."""
        return (*reversed(self.kinds[kind]), self.initramfs, self.base)


class Cook:
    """Works out the recipes of `site`, asking `resolver` for exact packages."""

    def __init__(self, site: Site, rendering: Rendering, resolver: Resolver) -> None:
        self.site = site
        self.rendering = rendering
        self.resolver = resolver

    def recipes(self, kinds: Sequence[Kind]) -> Recipes:
        """The layers for images of `kinds`. Raises UserError when packages cannot be resolved."""
        base = self._base()
        return Recipes(
            base=base,
            initramfs=_recipe("initramfs", base, INITRAMFS, {}, Resolution((), ())),
            kinds={kind.name: self._kind(kind, base) for kind in kinds},
        )

    def _base(self) -> Recipe:
        site, kind = self.site, self.site.kinds[0]
        names = {*site.packages(kind, "base"), site.release.kernel}
        essential = self.resolver.resolve({*BOOTSTRAP, *({MERGED_USR} & names)})
        packages = self.resolver.resolve(names, essential.packages, self._shared(essential))
        scripts = (*BASE_BEGIN, *site.bake_scripts(kind, "base"), *PACKAGES_END)
        files = {
            **payload.essential(essential),
            **payload.packages(packages),
            **payload.users(site.users()),
        }
        return _recipe("base", None, scripts, files, packages, essential)

    def _shared(self, essential: Resolution) -> frozenset[str]:
        """What every kind gets in the end, also by dependencies, is installed once, in the base."""
        release = self.site.release
        closures = [
            self.resolver.resolve(
                {*kind.packages(release, "platform"), release.kernel}, essential.packages
            ).names
            for kind in self.site.kinds
        ]
        return frozenset.intersection(*closures)

    def _kind(self, kind: Kind, base: Recipe) -> tuple[Recipe, ...]:
        recipes: list[Recipe] = []
        for layer in OWN_LAYERS:
            below = recipes[-1] if recipes else base
            names = self.site.packages(kind, layer)
            own = self.site.bake_scripts(kind, layer)
            packages = self.resolver.resolve(names, below.all_packages())
            if packages.packages or own:
                scripts = (*PACKAGES_BEGIN, *own, *PACKAGES_END)
                files = {**payload.packages(packages), payload.OWN_INITRAMFS: b""}
                recipes.append(_recipe(f"{kind.name}.{layer}", below, scripts, files, packages))
        below = recipes[-1] if recipes else base
        return (*recipes, self._site(kind, below))

    def _site(self, kind: Kind, below: Recipe) -> Recipe:
        files = payload.site_files(self.rendering.kinds[kind.name])
        given = payload.site(
            files, self.rendering.kinds[kind.name], kind.services(self.site.release)
        )
        inputs = {"files": {path: file.identity for path, file in files.items()}}
        return _recipe(f"{kind.name}.site", below, SITE, given, Resolution((), ()), None, inputs)


def _recipe(
    name: str,
    below: Recipe | None,
    scripts: Sequence[str],
    files: Mapping[str, bytes],
    packages: Resolution,
    essential: Resolution | None = None,
    more: Inputs | None = None,
) -> Recipe:
    there = below.all_packages() if below else essential.packages if essential else ()
    mine = (*(essential.packages if essential else ()), *packages.packages)
    inputs = {
        "packages": {package.name: package.identity for package in mine},
        "scripts": {script: _script(script) for script in scripts},
        "settings": {
            payload.WORDS[file]: digest(content)
            for file, content in files.items()
            if file in payload.WORDS
        },
        "tools": tools.of_layers(),
        **(more or {}),
    }
    layer = Layer(name, below.layer if below else None, inputs)
    return Recipe(layer, tuple(scripts), files, packages, there, essential)


def _script(name: str) -> str:
    return digest((SCRIPTS / name).read_bytes())


def script_paths(names: Iterable[str]) -> tuple[Path, ...]:
    """Where the scripts `names` lie."""
    return tuple(SCRIPTS / name for name in names)

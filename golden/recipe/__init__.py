"""From a site to its layers: the packages, scripts and files of each, bottom first.

The order of the bake is the order of this file: kernel, initramfs, base, then for each kind
platform, libraries, synnefo and site. The first three hold what all kinds share, and are baked
once. A new version of Synnefo makes synnefo and site stale, and libraries only if it needs others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from golden import paths
from golden.definition import Kind, Site
from golden.definition.models import Layer as DefinedLayer
from golden.definition.models import RoleLayer
from golden.errors import UserError
from golden.layers import Layer
from golden.layers.model import Inputs, digest
from golden.layers.reasons import Side, Text, Texts, decoded
from golden.packages import Package, Resolution, Resolver, synnefo
from golden.packages.downloads import Download
from golden.recipe import lacking, payload, tools
from golden.render import Rendering

SCRIPTS = paths.SCRIPTS / "bake"

OWN_LAYERS: tuple[RoleLayer, ...] = ("platform", "synnefo")

KERNEL = ("begin.sh", "essential.sh", "users.sh", "packages.sh", "end.sh")
INITRAMFS = ("initramfs-modules.sh", "initramfs.sh")
SITE = ("files.sh", "services.sh", "hygiene.sh")
# In front of and behind the scripts that roles bring.
PACKAGES_BEGIN = ("begin.sh", "packages.sh")
PACKAGES_END = ("end.sh",)

# passwd for users.sh, apt because an operator wants it; and usr-is-merged, where the base asks for
# it, must be there before the package that would otherwise bring perl to merge /usr.
BOOTSTRAP = ("?essential", "apt", "passwd")
MERGED_USR = "usr-is-merged"

# What puts something into an initramfs goes, where it is wanted at all, below the one initramfs of
# the image, so that that one is made while the rest of the base is installed. A package that is
# missing here costs time only: end.sh makes another initramfs when a later layer asks for one.
INITRAMFS_PACKAGES = frozenset({"e2fsprogs", "kmod", "lvm2", "udev", "zstd"})


@dataclass(frozen=True, eq=False)
class Recipe:
    """How one layer is made: its scripts run in order, with `payload` in /run/bake/input.

    `packages` are added on top of `below`. `essential` is the bootstrap's share of a base. `texts`
    are the inputs that are text, `downloads` the files of the pool that its scripts need. The layer
    that ends an image is `last`, and gets the list of all that the image holds.
    """

    layer: Layer
    scripts: tuple[str, ...]
    payload: Mapping[str, bytes]
    packages: Resolution
    below: tuple[Package, ...]
    essential: Resolution | None = None
    texts: Texts = field(default_factory=dict)
    downloads: tuple[Download, ...] = ()
    last: bool = False

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name

    @property
    def side(self) -> Side:
        """What goes in, for a comparison with the last bake."""
        return Side(self.layer.inputs, self.texts)

    @property
    def package_count(self) -> int:
        """How many packages its scripts install."""
        return len(self.packages.packages) + len(self.essential.packages if self.essential else ())

    def all_packages(self) -> tuple[Package, ...]:
        """Every package that is in the tree when this layer is on top."""
        return (*self.below, *self.packages.packages)


@dataclass(frozen=True, eq=False)
class Recipes:
    """All layers of a site: the shared ones, and each kind's own, bottom first.

    There is no initramfs where the kernel comes from outside the image.
    """

    kernel: Recipe
    initramfs: Recipe | None
    base: Recipe
    kinds: Mapping[str, tuple[Recipe, ...]]

    def all(self) -> tuple[Recipe, ...]:
        """Every layer once, in an order in which they can be made."""
        own = (recipe for recipes in self.kinds.values() for recipe in recipes)
        return (*self.shared, *own)

    def stack(self, kind: str) -> tuple[Recipe, ...]:
        """The layers that make up an image of `kind`, top first."""
        return (*reversed(self.kinds[kind]), *reversed(self.shared))

    @property
    def shared(self) -> tuple[Recipe, ...]:
        """The layers that all kinds share, bottom first."""
        return (self.kernel, *([self.initramfs] if self.initramfs else ()), self.base)


def resolve(site: Site, rendering: Rendering, resolver: Resolver, kinds: Sequence[Kind]) -> Recipes:
    """The layers for images of `kinds`. Raises UserError naming all packages that no source has."""
    try:
        return _Resolving(site, rendering, resolver).all(kinds)
    except UserError as error:
        state = resolver.state
        text = lacking.explain(site, lacking.lacking(site, state), offline=state.offline)
        raise (UserError(text) if text else error) from error


@dataclass(frozen=True)
class _Resolving:
    """Asks `resolver` for the exact packages of each layer of `site`."""

    site: Site
    rendering: Rendering
    resolver: Resolver

    def all(self, kinds: Sequence[Kind]) -> Recipes:
        kernel, nothing = self.kernel(), Resolution((), ())
        base, own = self.base(kernel), self.site.release.own_kernel
        return Recipes(
            kernel=kernel,
            initramfs=layer_recipe("initramfs", kernel, INITRAMFS, {}, nothing) if own else None,
            base=base,
            kinds={kind.name: self.kind(kind, base) for kind in kinds},
        )

    def kernel(self) -> Recipe:
        site = self.site
        names = self._base_names()
        essential = self.resolver.resolve_essential({*BOOTSTRAP, *({MERGED_USR} & names)})
        wanted = {*site.release.own_kernel, *(INITRAMFS_PACKAGES & names)}
        packages = self.resolver.resolve(wanted, essential.packages)
        files = {
            **payload.essential(essential),
            **payload.packages(site.release.architecture, packages, essential.packages),
            **payload.users(site.users()),
        }
        return layer_recipe("kernel", None, KERNEL, files, packages, essential)

    def base(self, kernel: Recipe) -> Recipe:
        below = kernel.all_packages()
        packages = self.resolver.resolve(self._base_names(), below, self._shared(below))
        return self._installing("base", kernel, packages, self.site.kinds[0], "base")

    def _base_names(self) -> frozenset[str]:
        return frozenset(self.site.packages(self.site.kinds[0], "base"))

    def _shared(self, below: tuple[Package, ...]) -> frozenset[str]:
        """The packages that every kind gets, dependencies included: they go into the base."""
        closures = [
            self.resolver.resolve(kind.packages(self.site.release, "platform"), below).names
            for kind in self.site.kinds
        ]
        return frozenset.intersection(*closures)

    def kind(self, kind: Kind, base: Recipe) -> tuple[Recipe, ...]:
        recipes: list[Recipe] = []
        for layer in OWN_LAYERS:
            below = recipes[-1] if recipes else base
            names = self.site.packages(kind, layer)
            if layer == "synnefo" and (libraries := self._libraries(kind, names, below)):
                recipes.append(libraries)
                below = libraries
            packages = self.resolver.resolve(names, below.all_packages())
            if packages.packages or self.site.bake_scripts(kind, layer):
                name = f"{kind.name}.{layer}"
                recipes.append(self._installing(name, below, packages, kind, layer))
        below = recipes[-1] if recipes else base
        return (*recipes, site_recipe(self.site, self.rendering, kind, below))

    def _libraries(self, kind: Kind, names: Sequence[str], below: Recipe) -> Recipe | None:
        """The layer of mere dependencies of the packages `names`: it stays when Synnefo moves."""
        there, moving = below.all_packages(), synnefo.members(self.site.release)
        whole = self.resolver.resolve(names, there).packages
        wanted = {each.name for each in whole if not each.asked and each.name not in moving}
        packages = self.resolver.resolve((), there, wanted)
        # One that itself asks for Synnefo, or for what is asked for by name, has its place above.
        if not packages.packages or packages.names != wanted:
            return None
        files = {
            **payload.packages(self.site.release.architecture, packages),
            payload.OWN_INITRAMFS: _hashes(INITRAMFS),
        }
        scripts = (*PACKAGES_BEGIN, *PACKAGES_END)
        return layer_recipe(f"{kind.name}.libraries", below, scripts, files, packages)

    def _installing(
        self, name: str, below: Recipe, packages: Resolution, kind: Kind, layer: DefinedLayer
    ) -> Recipe:
        """A layer that installs packages on top of the initramfs's, and runs its roles' scripts."""
        scripts = (*PACKAGES_BEGIN, *self.site.bake_scripts(kind, layer), *PACKAGES_END)
        files = {
            **payload.packages(self.site.release.architecture, packages),
            payload.OWN_INITRAMFS: _hashes(INITRAMFS),
        }
        if layer == "base":
            files[payload.KEYRING] = self._keyring()
        named = self.site.downloads(kind, layer)
        if not named:
            return layer_recipe(name, below, scripts, files, packages)
        found = {each: self.resolver.downloads.find(each) for each in named.values() if "/" in each}
        files |= payload.downloads(named, found)
        hashes = {
            each: found[source].sha256 if source in found else source
            for each, source in named.items()
        }
        recipe = layer_recipe(name, below, scripts, files, packages, more={"downloads": hashes})
        return replace(recipe, downloads=tuple(found.values()))

    def _keyring(self) -> bytes:
        path = Path(self.site.release.keyring)
        # Where it is missing, `require` says so; a plan can do without.
        return path.read_bytes() if path.is_file() else b""


def site_recipe(site: Site, rendering: Rendering, kind: Kind, below: Recipe | None) -> Recipe:
    """The layer of the rendered files; without `below`, to compare its own inputs alone."""
    rendered = rendering.kinds[kind.name]
    files = payload.site_files(rendered, site.release)
    given = payload.site(files, rendered.directories, kind.services(site.release))
    inputs = {"files": {path: file.identity for path, file in files.items()}}
    name, nothing = f"{kind.name}.site", Resolution((), ())
    recipe = layer_recipe(name, below, SITE, given, nothing, more=inputs)
    written = {path: _text(file) for path, file in files.items()}
    return replace(recipe, texts={**recipe.texts, "files": written}, last=True)


def layer_recipe(
    name: str,
    below: Recipe | None,
    scripts: Sequence[str],
    files: Mapping[str, bytes],
    packages: Resolution,
    essential: Resolution | None = None,
    more: Inputs | None = None,
) -> Recipe:
    """A layer on `below` that installs `packages`, and whose `scripts` read `files`; `more` are its
    inputs besides. A base begins with the `essential` packages."""
    there = below.all_packages() if below else ()
    there = essential.packages if essential else there
    mine = (*(essential.packages if essential else ()), *packages.packages)
    inputs = {
        "packages": {package.name: package.identity for package in mine},
        "scripts": script_hashes(scripts),
        "settings": {
            payload.SETTINGS[file]: digest(content)
            for file, content in files.items()
            if file in payload.SETTINGS
        },
        "tools": tools.for_layers(),
        "order": {"packages": digest(repr(packages.steps).encode())},
        **(more or {}),
    }
    layer = Layer(name, below.layer if below else None, inputs)
    texts = {"scripts": {name: Text((SCRIPTS / name).read_text()) for name in scripts}}
    return Recipe(layer, tuple(scripts), files, packages, there, essential, texts)


def _text(file: payload.ImageFile) -> Text:
    source = file.source
    if source is None:
        return Text(decoded(file.content))
    inside = source.is_relative_to(paths.ROOT) and source.is_file()
    name = str(source.relative_to(paths.ROOT)) if inside else str(source)
    return Text(decoded(file.content), name, decoded(source.read_bytes()) if inside else "")


def script_hashes(names: Iterable[str]) -> dict[str, str]:
    """{name: hash} of the scripts `names`; a missing one is left out."""
    there = ((name, SCRIPTS / name) for name in names)
    return {name: digest(path.read_bytes()) for name, path in there if path.is_file()}


def _hashes(names: Iterable[str]) -> bytes:
    return "".join(f"{name} {found}\n" for name, found in script_hashes(names).items()).encode()

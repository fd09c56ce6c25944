"""What workers are told of a bake, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from golden.bake.disk import Disk
from golden.definition import Site
from golden.recipe import Recipe, Recipes


@dataclass(frozen=True)
class Made:
    """Layers that a store has, and `address` serves: {key: `Stored.content`}.

    `bytes` are those of their trees: dask weighs with them where a task is best done.
    """

    address: str
    layers: Mapping[str, str]
    bytes: int = 0

    def __sizeof__(self) -> int:
        return self.bytes


@dataclass(frozen=True)
class MadeDisk:
    """A disk that `address` serves, by the SHA-256 of its manifest."""

    address: str
    manifest: str


@dataclass(frozen=True)
class Brief:
    """The bake of one site, of which `bake` is the name among those of the farm.

    `workspace` is the folder of the process that asks, `held` the layers it has; `facts` are those
    of its host (`facts.facts`).
    """

    bake: str
    disks: tuple[Disk, ...]
    offline: bool
    workspace: Path
    held: Made
    facts: Mapping[str, str]

    @property
    def site(self) -> Site:
        """The site."""
        return self.disks[0].site

    @property
    def recipes(self) -> Recipes:
        """Its layers."""
        return self.disks[0].recipes

    def disk(self, name: str) -> Disk:
        """The disk called `name` in plans."""
        return next(disk for disk in self.disks if disk.name == name)

    def chain(self, name: str) -> list[Recipe]:
        """The layer called `name` in plans and those below it, the lowest first."""
        every = self.recipes.all()
        by_key = {recipe.layer.key: recipe for recipe in every}
        top = next(recipe for recipe in every if recipe.name == name)
        return [by_key[layer.key] for layer in top.layer.chain()][::-1]

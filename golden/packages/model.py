"""Packages and resolutions: plain data that goes to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Package:
    """One package at one version: its .deb is `file` in the cache, `uri` on the mirror.

    `asked` is false for what is there only because another package depends on it.
    """

    name: str
    version: str
    architecture: str
    file: str
    uri: str
    size: int
    sha256: str
    asked: bool

    @property
    def identity(self) -> str:
        """What a layer's key holds of it."""
        why = "asked" if self.asked else "needed"
        return f"{self.version} {self.architecture} {why} sha256:{self.sha256}"


@dataclass(frozen=True)
class Step:
    """One call of dpkg, as apt would order it: `unpack` or `configure` these packages."""

    action: Literal["unpack", "configure"]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Resolution:
    """The packages that a layer adds, and the order of dpkg's work on them."""

    packages: tuple[Package, ...]
    steps: tuple[Step, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names of all its packages."""
        return frozenset(package.name for package in self.packages)

    def by_name(self) -> dict[str, Package]:
        """Its packages by name."""
        return {package.name: package for package in self.packages}

    def to_json(self) -> dict[str, Any]:
        """Plain lists and dictionaries for `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Resolution:
        """The resolution that `to_json` wrote. Raises KeyError or TypeError for anything else."""
        packages = tuple(Package(**item) for item in data["packages"])
        steps = tuple(Step(item["action"], tuple(item["names"])) for item in data["steps"])
        return cls(packages, steps)

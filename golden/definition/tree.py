"""The folders of a definition, and the names that its files may use."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from golden import paths

GUIDE = paths.ROOT / "docs" / "guide-steps.json"


@dataclass(frozen=True)
class Tree:
    """The checkout at `root`; tests have small ones of their own."""

    root: Path

    def file(self, family: str, name: str) -> Path:
        """The file that defines the release, site, kind or role called `name`."""
        images = self.root / "images"
        return {
            "release": images / "releases" / f"{name}.yaml",
            "site": images / "sites" / f"{name}.yaml",
            "kind": images / "kinds" / f"{name}.yaml",
            "role": images / "roles" / name / "role.yaml",
        }[family]

    def step(self, name: str) -> Path:
        """The file of the first-boot step called `name`."""
        return self.root / "scripts" / "firstboot" / "steps" / f"{name}.py"

    @cached_property
    def names(self) -> dict[str, Collection[str]]:
        """The valid names of each family that `fields.Rule.names` can ask for, and the sites."""
        images, scripts = self.root / "images", self.root / "scripts"
        steps = self.step("*").parent.glob("[!_]*.py")
        return {
            "release": _stems(images / "releases"),
            "site": _stems(images / "sites"),
            "kind": _stems(images / "kinds"),
            "role": {file.parent.name for file in (images / "roles").glob("*/role.yaml")},
            "stand-in": {file.parent.name for file in (images / "standins").glob("*/control.yaml")},
            "step": {file.stem for file in steps},
            "bake script": {file.name for file in (scripts / "bake").glob("*.sh")},
            "guide id": {step["id"] for step in json.loads(GUIDE.read_text("utf-8"))},
        }


def _stems(folder: Path) -> set[str]:
    return {file.stem for file in folder.glob("*.yaml")}

"""Which components are installed: a file of synnefo/components/ each, upstream: entry points.

SYNNEFO_EXCLUDE_PACKAGES=a:b hides some (contracts 3).
"""

import os
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "components"


def installed() -> dict[str, dict[str, Any]]:
    """Package name -> its component: settings, modules, apps, services."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yaml"))}


def active() -> dict[str, dict[str, Any]]:
    """The installed components that are not excluded by the environment."""
    excluded = os.environ.get("SYNNEFO_EXCLUDE_PACKAGES", "").split(":")
    return {name: item for name, item in installed().items() if name not in excluded}

"""Which components are installed: a file of synnefo/components/ each, upstream: entry points.

SYNNEFO_EXCLUDE_PACKAGES=a:b hides some (docs/synnefo.md S3.3).
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "components"


@cache
def installed() -> dict[str, dict[str, Any]]:
    """Package name -> its component: what its control.yaml says of settings, modules and so on."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def active() -> dict[str, dict[str, Any]]:
    """The installed components that are not excluded by the environment."""
    excluded = os.environ.get("SYNNEFO_EXCLUDE_PACKAGES", "").split(":")
    return {name: item for name, item in installed().items() if name not in excluded}

"""The format `tree`: no disk, but the list of the layers, for a target that takes the layers."""

from __future__ import annotations

import json
import time
from pathlib import Path

from golden import atomic
from golden.disk import Built
from golden.recipe import Recipe

FORMAT = "tree"


def build(recipes: tuple[Recipe, ...], out: Path, identity: str) -> Built:
    """Write names and keys of the layers `recipes` (top first) to `out`, lowest first."""
    began = time.monotonic()
    layers = [{"name": each.name, "key": each.layer.key} for each in reversed(recipes)]
    atomic.write(out, json.dumps(layers, indent=1) + "\n")
    took = {"list": round(time.monotonic() - began, 2)}
    return Built(out, FORMAT, out.stat().st_size, 0, identity, took)

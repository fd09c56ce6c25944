"""A bake on a disk that gets full; started by test_faults in a mount namespace of its own.

Usage: python -m tests.unit.bake.full_disk HOME TREE    (HOME: an empty tmpfs of a few megabytes)
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any, cast

from golden import paths
from golden.bake.layer import Builder
from golden.errors import StageError
from golden.layers import Layer, Store, working
from golden.packages import Resolution, Resolver
from golden.recipe import Recipe
from tests.unit.small_site import small_site

BIG = "dd if=/dev/zero of=/big bs=1M count=64"


def main(home: Path, tree: Path) -> None:
    paths.CACHE = home / ".cache"
    store = Store(paths.CACHE)
    for name in ("scripts", "debs"):
        (home / name).mkdir()
    (home / "scripts" / "top.sh").write_text(f"set -eu\n{BIG}\n")
    held = {"debs": home / "debs", "pool": home / "pool", "release": small_site().release}
    state: Any = type("State", (), held)()
    resolver = cast(Resolver, type("Resolver", (), {"state": state})())
    with working(paths.CACHE) as workspace:
        base = Layer("base", None, {})
        ready = workspace.scratch("ready")
        shutil.copytree(tree, ready / "tree", symlinks=True)
        store.publish("small", base, ready, 1.0, {})
    top = Layer("top", base, {})
    recipe = Recipe(top, ("top.sh",), {}, Resolution((), ()), ())
    try:
        with working(paths.CACHE) as workspace:
            builder = Builder(small_site(), store, workspace, resolver, home / "scripts")
            builder.make(recipe, lambda _: None)
    except StageError as error:
        sys.stdout.write(f"{error}\n")
    left = [path.name for path in (paths.CACHE / "work").iterdir()]
    kept = [path.name for path in (paths.CACHE / "layers").iterdir()]
    free = shutil.disk_usage(home).free >> 20
    assert left == [], left
    assert kept == [base.key], kept
    assert free > 8, f"{free} MiB are free"
    sys.stdout.write("nothing half-made is left\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

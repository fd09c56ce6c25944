"""A checkout of its own in which the site `example` is baked from the tests' archive."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from golden import run
from golden.paths import ROOT
from tests.unit.wheezy.archive import Archive

# Overlayfs's mark on a folder that was removed and made again, as root and as another user.
OPAQUE = {"trusted.overlay.opaque", "user.overlay.opaque"}
PARTS = (
    *("golden", "images", "libvirt", "packer", "scripts", "docs", "bench"),
    *("pyproject.toml", "tasks.py"),
)


@dataclass(frozen=True)
class Checkout:
    """The copy at `root`, with its own caches and artifacts."""

    root: Path

    def inv(self, *words: str) -> run.Result:
        """`inv` with `words` as an operator types them."""
        argv = [sys.executable, "-m", "invoke", *words]
        env = {"GOLDEN_HOME": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}
        return run.run(argv, cwd=self.root, env=env, check=False, timeout=900)

    def layers(self, kind: str) -> list[Path]:
        """The trees of the baked image of `kind`, top first."""
        record = self.root / ".artifacts/example" / kind / "layers.json"
        names = yaml.safe_load(record.read_text())
        trees = [path for each in names for path in self._tree(each["key"])]
        assert len(trees) == len(names)
        return trees[::-1]

    def _tree(self, key: str) -> list[Path]:
        return list((self.root / ".cache/layers").glob(f"{key}/tree"))


def make(root: Path, archive: Archive, debs: Path | None = None) -> Checkout:
    """Copy this checkout to `root`. In the copy the release has the archive's mirrors and key; what
    was never Debian's comes from the folder `debs`, or without it from the flat repository."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, root / part, symlinks=True, ignore=ignored)
        else:
            shutil.copy(source, root / part)
    path = root / "images/releases/wheezy.yaml"
    release = yaml.safe_load(path.read_text())
    release["mirror"] = archive.url("debian")
    release["sources"][1]["mirror"] = archive.url("debian-security")
    if not debs:
        # As the comment in the release's own file says.
        flat = {"suite": "wheezy/", "components": [], "mirror": archive.url("synnefo")}
        release["sources"].append(flat)
    release["keyring"] = str(archive.keyring)
    path.write_text(yaml.safe_dump(release, sort_keys=False))
    if debs:
        site = root / "images/sites/example.yaml"
        site.write_text(f"{site.read_text()}packages: {json.dumps(str(debs))}\n")
    _download_nothing(root / "images/roles/snf-image/role.yaml")
    return Checkout(root)


def _download_nothing(role: Path) -> None:
    """No helper and no machine image: test_baked_downloads has them."""
    data = yaml.safe_load(role.read_text())
    del data["downloads"], data["bake"]
    role.write_text(yaml.safe_dump(data, sort_keys=False))


def whole(layers: list[Path]) -> dict[str, Path]:
    """All files and links of an image by path, as overlayfs would show them."""
    found: dict[str, Path] = {}
    hidden: set[str] = set()
    for tree in layers:
        gone = set()
        for path in sorted(tree.rglob("*")):
            name = f"/{path.relative_to(tree)}"
            if name in found or any(name == h or name.startswith(f"{h}/") for h in hidden):
                continue
            mode = path.lstat().st_mode
            if stat.S_ISCHR(mode):
                gone.add(name)
            elif not stat.S_ISDIR(mode):
                found[name] = path
            elif OPAQUE & set(os.listxattr(path)):
                gone.add(name)
        hidden |= gone
    return found

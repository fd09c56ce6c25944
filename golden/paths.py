"""The folders of the project. Every other module takes them from here."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "images"
RENDERED = ROOT / "rendered"
PACKER = ROOT / "packer"
SCRIPTS = ROOT / "scripts"
TESTS = ROOT / "tests"

# What the tool makes, as opposed to what is committed. Tests point GOLDEN_HOME at a scratch folder
# so that they never touch an operator's artifacts, secrets or running nodes.
HOME = Path(os.environ.get("GOLDEN_HOME", ROOT)).resolve()
ARTIFACTS = HOME / ".artifacts"
CACHE = HOME / ".cache"
SECRETS = HOME / ".secrets"


def home() -> str:
    """The identity of this checkout among others that use the same Docker engine or libvirt."""
    return hashlib.sha256(str(CACHE).encode()).hexdigest()[:12]


def shown(path: Path) -> str:
    """`path` as a person would type it: relative to the current folder where that is shorter."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)

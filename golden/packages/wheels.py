"""The Python packages of requirements.lock as wheels, for an image that fetches nothing itself."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from golden import paths, run

LOCK = paths.ROOT / "requirements.lock"
# What runs with glibc 2.36, that of Debian 12, or an older one, the newest first (PEP 600).
PLATFORMS = (*(f"manylinux_2_{minor}" for minor in range(36, 4, -1)), "manylinux2014")


def fetch(python: str) -> dict[str, bytes]:
    """The wheels for `python`, such as 3.11, by file name.

    Whatever Python runs this, and from wherever its pip fetches: each file has a hash of the lock.
    Raises StageError when pip cannot get one.
    """
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    pip += ["--require-hashes", "--no-deps", "--only-binary=:all:", f"--python-version={python}"]
    pip += ["--implementation=cp", *(f"--platform={name}_x86_64" for name in PLATFORMS)]
    log = paths.CACHE / "log" / "wheels.log"
    with tempfile.TemporaryDirectory() as folder:
        run.run([*pip, "--dest", folder, "--requirement", LOCK], log=log, stage="wheels")
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}

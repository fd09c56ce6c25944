"""The Pythons that run what is for nodes: this one, and 2.7 where this host has one.

Debian 12 has no package of it. There vermin alone judges that code, and `inv test` says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def _pythons() -> Iterator[tuple[str, str]]:
    yield "3", sys.executable
    # pyenv's stand-in on the PATH may lead nowhere.
    made = sorted((Path.home() / ".pyenv/versions").glob("2.7*/bin/python2.7"))
    for found in filter(None, (shutil.which("python2.7"), *map(str, made))):
        if subprocess.run([found, "-V"], capture_output=True).returncode == 0:
            yield "2.7", found
            return


PYTHONS = dict(_pythons())

"""What must be the same on all hosts of a farm, or layers of one key would be different trees."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from golden import paths
from golden.errors import UserError
from golden.layers.model import digest
from golden.recipe import SCRIPTS, tools

Facts = Mapping[str, str]


def facts() -> Facts:
    """Those of this host, by their names in a sentence."""
    revision = tools.git_revision()
    return {
        "Python": platform.python_version(),
        "dask.distributed": version("distributed"),
        "the checkout's commit": f"{revision.commit}{'+uncommitted' if revision.dirty else ''}",
        "the locks": _digest(paths.IMAGES.glob("releases/*.lock.json")),
        "the bake's scripts": _digest(SCRIPTS.glob("*.sh")),
        **tools.for_layers(),
        **tools.for_disks(),
    }


def require_same(ours: Facts, theirs: Mapping[str, Facts]) -> None:
    """Raise UserError, naming the first difference, unless the facts of all workers, by their
    addresses, are `ours`."""
    for worker, found in theirs.items():
        for name, text in ours.items():
            if found.get(name) != text:
                raise UserError(
                    f"worker {worker}: {name} is {_short(found.get(name, 'unknown'))} there and "
                    f"{_short(text)} here: bring both hosts to the same, then start it again"
                )


def _short(text: str) -> str:
    return text if len(text) < 32 else f"{text[:12]}…"


def _digest(files: Iterable[Path]) -> str:
    return digest(
        b"".join(file.name.encode() + b"\0" + file.read_bytes() for file in sorted(files))
    )

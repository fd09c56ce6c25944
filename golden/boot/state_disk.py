"""A virtual machine's disk for what must outlive its system: blank, until the node formats it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from golden.boot.target import Option
from golden.errors import UserError
from golden.paths import shown

if TYPE_CHECKING:
    # What serves a machine's console imports this, without any library.
    from golden.definition.models import Node

# The node knows it by this (scripts/firstboot/engine/state_volume.py).
SERIAL = "golden-state"

OPTION = Option(
    "state",
    "keep what must outlive the system on a disk of its own, for ./inv down --keep-state",
    bool,
)


def require_saved(folder: Path, name: str) -> None:
    """Raise UserError unless `folder` holds a state disk that was saved, as the file `name`."""
    if not (folder / name).is_file():
        raise UserError(f"{shown(folder)}: no state of a machine: {name} is missing")


def mib(node: Node) -> int:
    """Its size in MiB, most of which is never written: that of the data disk."""
    return node.kind.data_disk_mib

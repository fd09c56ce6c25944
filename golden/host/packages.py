"""The host packages, from the list that the `inv` wrapper reads too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("host-packages.txt")


@dataclass(frozen=True)
class HostPackage:
    """A Debian `package`, the `program` (command or path) that proves it, its purposes, and why."""

    package: str
    program: str
    purposes: tuple[str, ...]
    why: str


def host_packages() -> tuple[HostPackage, ...]:
    """Every package this host needs, in the order of host-packages.txt."""
    lines = LIST.read_text().splitlines()
    rows = [line.split(maxsplit=3) for line in lines if line.strip() and not line.startswith("#")]
    return tuple(HostPackage(name, proof, tuple(f.split(",")), why) for name, proof, f, why in rows)


def install_line(packages: Sequence[str]) -> str:
    """The one command, to be run as root, that installs `packages`."""
    return "apt-get install --yes --no-install-recommends " + " ".join(dict.fromkeys(packages))

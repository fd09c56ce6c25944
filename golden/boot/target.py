"""What a place where nodes boot must be able to do."""

from __future__ import annotations

from typing import Protocol

from golden.boot.container import Container
from golden.boot.libvirt import Libvirt
from golden.boot.metal.target import Metal
from golden.boot.qemu import Qemu
from golden.definition.models import Node, Site
from golden.definition.problems import nearest
from golden.errors import UserError


class Target(Protocol):
    """A place where nodes boot. Each node's console is a growing file in its run folder."""

    name: str
    # What the bake makes for it: `golden.bake`'s FORMATS.
    format: str

    def check(self, site: Site, nodes: tuple[Node, ...]) -> None:
        """Raise UserError for what would keep any node from starting, before one is started."""

    def up(self, site: Site, node: Node) -> bool:
        """Power the node on; False when it runs already."""

    def down(self, site: str, node: str, *, keep: bool) -> bool:
        """Power the node off; False when it was off. Without `keep` its disks go too."""

    def is_on(self, site: str, node: str) -> bool:
        """Whether the node's machine runs."""

    def machine_state(self, site: str, node: str) -> str:
        """The machine's own word for its state: `running`, `io-error`, …, or `off`."""


TARGETS: dict[str, type[Target]] = {
    "qemu": Qemu,
    "container": Container,
    "libvirt": Libvirt,
    "metal": Metal,
}


def target(name: str, connect: str = "") -> Target:
    """The target called `name`, at the libvirt `connect` where that is given.

    Raises UserError listing the targets.
    """
    if name not in TARGETS:
        raise UserError(f"there is no target '{name}'; {nearest(name, TARGETS)}")
    if name == Libvirt.name:
        return Libvirt(connect)
    if connect:
        raise UserError(f"--connect {connect}: only the target libvirt takes it, not {name}")
    return TARGETS[name]()

"""The site as a drawing: its nodes, the networks they are on, what each serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from golden.definition import Node, Site

NODE_WIDTH, GAP = 260, 40
LINE = 18
TOP = 60  # of the nodes' boxes; the site's network is above them


@dataclass(frozen=True)
class Box:
    """A node at `x`: its services and its ports as lines of text."""

    node: Node
    x: int
    services: Sequence[str]
    ports: Sequence[str]

    @property
    def lines(self) -> list[str]:
        """What stands in the box below the name."""
        return [f"{self.node.kind.name}, {self.node.address}", *self.services, *self.ports]

    @property
    def height(self) -> int:
        """In units of the picture."""
        return (len(self.lines) + 2) * LINE


@dataclass(frozen=True)
class Drawing:
    """`boxes` side by side between the site's network and the bridges of the instances."""

    boxes: tuple[Box, ...]

    @property
    def width(self) -> int:
        """In units of the picture."""
        return len(self.boxes) * (NODE_WIDTH + GAP) + GAP

    @property
    def bottom(self) -> int:
        """Where the boxes end."""
        return TOP + max(box.height for box in self.boxes)


def draw(site: Site) -> Drawing:
    """The drawing of `site`."""
    return Drawing(
        tuple(
            Box(node, GAP + number * (NODE_WIDTH + GAP), *_contents(site, node))
            for number, node in enumerate(site.nodes)
        )
    )


def _contents(site: Site, node: Node) -> tuple[list[str], list[str]]:
    services = list(node.kind.services(site.release))
    ports = sorted({port.port for role in node.kind.roles for port in role.ports})
    return _wrapped(services), _wrapped([f":{port}" for port in ports])


def _wrapped(words: Sequence[str], width: int = 34) -> list[str]:
    """The words in lines of at most `width` characters."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) + 1 <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines

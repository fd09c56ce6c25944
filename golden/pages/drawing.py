"""The site as a drawing: its nodes, the networks they are on, what each serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from golden import html
from golden.definition import Node, Site

NODE_WIDTH, GAP = 260, 40
LINE = 18  # from one line of text to the next
INSET = 12  # of text in a box
NETWORK = 30  # where the site's network is; below it, from TOP on, the nodes' boxes
TOP = 60
BRIDGE = 26  # from one bridge of the instances to the next
PORT, PORTS_APART = 200, 14  # in a box, where the lines to the bridges begin
LETTERS = 34  # that fit in a line of a box


@dataclass(frozen=True)
class Line:
    """From one point to another; `color` is a variable of the pages' style."""

    x1: int
    y1: int
    x2: int
    y2: int
    color: str
    stroke: int = 1


@dataclass(frozen=True)
class Text:
    """Words that begin at a point."""

    x: int
    y: int
    words: str
    strong: bool = False


@dataclass(frozen=True)
class Box:
    """A node at `x`: what stands in it, line by line, below its name."""

    node: Node
    x: int
    lines: tuple[str, ...]
    y: int = TOP
    width: int = NODE_WIDTH

    @property
    def height(self) -> int:
        """In units of the picture."""
        return (len(self.lines) + 2) * LINE

    @property
    def texts(self) -> list[Text]:
        """The node's name and the lines."""
        x, y = self.x + INSET, TOP + LINE + 4
        below = [Text(x, y + at * LINE, words) for at, words in enumerate(self.lines, 1)]
        return [Text(x, y, self.node.fqdn, strong=True), *below]


@dataclass(frozen=True)
class Drawing:
    """`boxes` side by side between the site's network and the bridges of the instances."""

    title: str
    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    texts: tuple[Text, ...]


def draw(site: Site) -> Drawing:
    """The drawing of `site`."""
    boxes = tuple(
        Box(node, GAP + number * (NODE_WIDTH + GAP), _contents(site, node))
        for number, node in enumerate(site.nodes)
    )
    width = len(boxes) * (NODE_WIDTH + GAP) + GAP
    bottom = TOP + max(box.height for box in boxes)
    network, margin = site.network, GAP // 2
    lines = [Line(margin, NETWORK, width - margin, NETWORK, "bar", 4)]
    lines += [Line(x, NETWORK, x, TOP, "bar", 2) for x in (box.x + box.width // 2 for box in boxes)]
    texts = [Text(margin, NETWORK - 10, f"{network.subnet}, {network.interface}")]
    for number, bridge in enumerate(site.bridges):
        y = bottom + (number + 1) * BRIDGE
        lines.append(Line(margin, y, width - margin, y, "wait", 3))
        texts.append(Text(margin, y - 6, f"{bridge.name} on {bridge.port}, for instances"))
        for box in boxes:
            x = box.x + PORT + number * PORTS_APART
            lines.append(Line(x, TOP + box.height, x, y, "wait"))
    title = f"{len(boxes)} nodes on {network.subnet}"
    height = bottom + (len(site.bridges) + 1) * BRIDGE
    return Drawing(title, width, height, boxes, tuple(lines), tuple(texts))


def picture(site: Site) -> str:
    """The drawing of `site` as a file of its own."""
    environment = html.environment(Path(__file__).parent)
    return environment.get_template("picture.svg.j2").render(drawing=draw(site))


def _contents(site: Site, node: Node) -> tuple[str, ...]:
    services = list(node.kind.services(site.release))
    ports = sorted({port.port for role in node.kind.roles for port in role.ports})
    numbers = _wrapped([f":{port}" for port in ports])
    return (f"{node.kind.name}, {node.address}", *_wrapped(services), *numbers)


def _wrapped(words: Sequence[str]) -> list[str]:
    """The words in lines of at most LETTERS characters."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) + 1 <= LETTERS:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines

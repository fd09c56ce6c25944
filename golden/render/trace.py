"""Which line of which template, and which of its names, each rendered line comes from.

The templates are rendered as always, but each piece of text that they put out is led in by a mark
that names its place. So a line is traced through includes, loops and conditions, not guessed from
its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import nodes

from golden.definition.problems import Problems
from golden.render.template import Environment, Templates

_MARK = "\x02{}\x1f{}\x1f{}\x1f{}\x03"
_MARKED = re.compile("\x02([^\x1f]*)\x1f([^\x1f]*)\x1f([^\x1f]*)\x1f([^\x03]*)\x03([^\x02]*)")


@dataclass(frozen=True)
class Source:
    """A line of the template called `template`, a path below its folder of templates.

    `names` are what it fills in, such as "site.variables.mail_from" or "host_of('dns').address";
    `conditions` those that decide whether, or how often, it is there.
    """

    template: str
    line: int
    names: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A rendered line, without its end, and all that contributed to it."""

    text: str
    sources: tuple[Source, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the line shows, each once."""
        return tuple(dict.fromkeys(name for source in self.sources for name in source.names))

    @property
    def conditions(self) -> tuple[str, ...]:
        """What decides whether the line is there, each once."""
        return tuple(dict.fromkeys(name for source in self.sources for name in source.conditions))


def trace(root: Path, source: Path, context: Mapping[str, Any], problems: Problems) -> list[Line]:
    """The lines that the template `source` below `root` renders to, each with its sources."""
    marked = Templates(root, problems, _Tracing).render(source, context).decode()
    lines: list[Line] = []
    text = ""
    sources: list[Source] = []
    for name, line, names, conditions, piece in _MARKED.findall(marked):
        where = Source(name, int(line), _split(names), _split(conditions))
        for part in piece.splitlines(keepends=True):
            text, sources = text + part, [*sources, where]
            if part.endswith("\n"):
                lines.append(Line(text[:-1], tuple(dict.fromkeys(sources))))
                text, sources = "", []
    return [*lines, Line(text, tuple(dict.fromkeys(sources)))] if text else lines


def _split(names: str) -> tuple[str, ...]:
    return tuple(names.split("\x1e")) if names else ()


class _Tracing(Environment):
    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _Marker(name or "").mark(tree.body, (), {})
        return tree


class _Marker:
    """Adds the marks to the syntax tree of the template called `name`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def mark(
        self,
        body: Sequence[nodes.Node],
        conditions: tuple[str, ...],
        known: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Mark what `body` puts out. `conditions` are the names that decide whether it is reached;
        `known` has what each local variable was made from."""
        known = dict(known)
        for node in body:
            match node:
                case nodes.Output():
                    node.nodes = list(self._marked(node.nodes, conditions, known))
                case nodes.Assign(target=nodes.Name(name=target)):
                    known[target] = tuple(_names(node.node, known))
                case nodes.If():
                    self._mark_if(node, conditions, known)
                case nodes.For():
                    self._mark_for(node, conditions, known)

    def _mark_if(
        self, node: nodes.If, conditions: tuple[str, ...], known: dict[str, tuple[str, ...]]
    ) -> None:
        conditions = (*conditions, *_names(node.test, known))
        self.mark(node.body, conditions, known)
        for other in node.elif_:
            conditions = (*conditions, *_names(other.test, known))
            self.mark(other.body, conditions, known)
        self.mark(node.else_, conditions, known)

    def _mark_for(
        self, node: nodes.For, conditions: tuple[str, ...], known: dict[str, tuple[str, ...]]
    ) -> None:
        names = tuple(_names(node.iter, known))
        tests = tuple(_names(node.test, known)) if node.test else ()
        loop = {each.name: names for each in node.target.find_all(nodes.Name)}
        if isinstance(node.target, nodes.Name):
            loop[node.target.name] = names
        self.mark(node.body, (*conditions, *names, *tests), {**known, **loop, "loop": names})
        self.mark(node.else_, (*conditions, *names), known)

    def _marked(
        self,
        children: Sequence[nodes.Expr],
        conditions: tuple[str, ...],
        known: Mapping[str, tuple[str, ...]],
    ) -> Iterator[nodes.Expr]:
        for child in children:
            if isinstance(child, nodes.TemplateData):
                for offset, part in enumerate(child.data.splitlines(keepends=True)):
                    yield self._mark(child.lineno + offset, (), conditions)
                    yield nodes.TemplateData(part, lineno=child.lineno + offset)
            else:
                yield self._mark(child.lineno, tuple(_names(child, known)), conditions)
                yield child

    def _mark(
        self, line: int, names: tuple[str, ...], conditions: tuple[str, ...]
    ) -> nodes.TemplateData:
        joined = ["\x1e".join(dict.fromkeys(each)) for each in (names, conditions)]
        return nodes.TemplateData(_MARK.format(self._name, line, *joined), lineno=line)


def _names(node: nodes.Node, known: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """What an expression reads: whole chains, local variables as what they were made from."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        # A method: the value is that of the object.
        for part in (node.node.node, *node.args):
            yield from _names(part, known)
        return
    root, rest = _chain(node)
    if root:
        yield from (name + rest for name in known.get(root, (root,)))
    else:
        for child in node.iter_child_nodes():
            yield from _names(child, known)


def _chain(node: nodes.Node) -> tuple[str, str]:
    """("site", ".bridges[0].name") of such an expression; two empty texts of any other."""
    match node:
        case nodes.Name():
            return node.name, ""
        case nodes.Call(node=nodes.Name(name=name), args=[nodes.Const(value=value)]):
            return f"{name}({value!r})", ""
        case nodes.Getattr(node=inner, attr=attribute):
            root, rest = _chain(inner)
            return root, f"{rest}.{attribute}" if root else ""
        case nodes.Getitem(node=inner, arg=nodes.Const(value=value)):
            root, rest = _chain(inner)
            return root, f"{rest}[{value!r}]" if root else ""
        case _:
            return "", ""

"""A YAML file as plain data that keeps the line of every value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from golden.definition.problems import Problems

# The C parser is ten times as fast and part of every libyaml build of PyYAML; wheels have it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Keys = tuple[str | int, ...]


@dataclass
class Document:
    """The data of `file`. `broken` holds the key paths whose value failed validation."""

    file: Path
    data: dict[str, Any]
    nodes: dict[Keys, yaml.Node]
    problems: Problems
    broken: set[Keys] = field(default_factory=set)

    def line(self, keys: Keys) -> int:
        """The line (from 1) of the value at `keys`, or of what would contain it."""
        while keys and keys not in self.nodes:
            keys = keys[:-1]
        return self.nodes[keys].start_mark.line + 1 if keys in self.nodes else 1

    def raw(self, keys: Keys) -> str:
        """The scalar at `keys` as written in the file: YAML 1.1 reads 0640 as the number 416."""
        node = self.nodes.get(keys)
        return str(node.value) if isinstance(node, yaml.ScalarNode) else ""

    def place(self, keys: Keys) -> str:
        """Where the value at `keys` stands: file:line."""
        return f"{self.problems.shown(self.file)}:{self.line(keys)}"

    def problem(self, keys: Keys, message: str) -> None:
        """Report `message` about the value at `keys`, which later checks then skip."""
        self.broken.add(keys)
        self.problems.add(self.file, self.line(keys), shown(keys), message)

    def each(self, *pattern: str) -> Iterator[tuple[Keys, Any]]:
        """The sound values at a path of keys, where "*" stands for any key or index.

        Missing values and those with a reported problem are left out, so that a check can run on a
        file with problems elsewhere.
        """
        found: list[tuple[Keys, Any]] = [((), self.data)]
        for part in pattern:
            found = [
                ((*keys, key), value)
                for keys, parent in found
                for key, value in _children(parent)
                if part in ("*", key) and (*keys, key) not in self.broken
            ]
        return ((keys, value) for keys, value in found if self._is_sound(keys))

    def mapping(self, key: str) -> dict[str, Any]:
        """The mapping at a key of the file, sound or not; empty without one."""
        value = self.data.get(key)
        return value if isinstance(value, dict) else {}

    def _is_sound(self, keys: Keys) -> bool:
        return not any(place[: len(keys)] == keys for place in self.broken)


def shown(keys: Keys) -> str:
    """`keys` as a person writes them: nodes[0].mac."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def read(file: Path, problems: Problems) -> Document:
    """Read one YAML mapping; syntax errors are added to `problems`."""
    document = Document(file, {}, {}, problems)
    try:
        root = _Loader(file.read_bytes()).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        problems.add(file, mark.line + 1 if mark else 1, "", f"not YAML: {error.problem}")
        return document
    except yaml.reader.ReaderError as error:
        problems.add(file, 1, "", f"not YAML: {error.reason} at byte {error.position}")
        return document
    if not isinstance(root, yaml.MappingNode):
        problems.add(file, 1, "", "the file must be a mapping of keys to values")
        return document
    document.data = _plain(root, (), document)
    return document


def inherit(document: Document, base: Document, joined: Sequence[str], key: str = "like") -> None:
    """Add to `document` each key of `base` that it lacks, and merge the mappings at `joined`.

    In messages, an inherited value is at the line of `key`.
    """
    for part in joined:
        own = document.mapping(part)
        if own or part not in document.data:
            document.data[part] = {**base.mapping(part), **own}
    document.data = {**base.data, **document.data}
    for keys in base.nodes:
        document.nodes.setdefault(keys, document.nodes[(key,)])


def _plain(node: yaml.Node, keys: Keys, document: Document) -> Any:
    """The value of `node`; `document` records the place of each part."""
    if any(document.nodes[keys[:depth]] is node for depth in range(len(keys))):
        document.problem(keys, "this value contains itself")
        return None
    document.nodes[keys] = node
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, keys, document)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*keys, index), document) for index, item in enumerate(node.value)]
    return _scalar(node, keys, document)


def _mapping(node: yaml.MappingNode, keys: Keys, document: Document) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = key_node.value
        path, message = keys, ""
        if not isinstance(key_node, yaml.ScalarNode):
            message = "a key must be text, not a list or a mapping"
        elif key_node.tag != "tag:yaml.org,2002:str":
            message = f"the key '{key}' must be text: put it in quotes"
        elif key in result:
            path = (*keys, key)
            message = f"the key is given twice; the first is at line {document.line(path)}"
        if message:
            line = key_node.start_mark.line + 1
            document.problems.add(document.file, line, shown(path), message)
        else:
            result[key] = _plain(value_node, (*keys, key), document)
    return result


def _scalar(node: yaml.Node, keys: Keys, document: Document) -> Any:
    try:
        return yaml.constructor.SafeConstructor().construct_document(node)
    except (ValueError, yaml.YAMLError):
        document.problem(keys, f"'{node.value}' cannot be read: put it in quotes")
        return None


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return iter(value.items())
    if isinstance(value, list):
        return iter(enumerate(value))
    return iter(())

"""Change single values in a release file; every other byte, comments included, stays."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from golden.definition.document import Document, Keys, read
from golden.definition.problems import Problems
from golden.errors import UserError

INDENT = "  "


def set_key(file: Path, key: str, value: str, root: Path) -> None:
    """Set a key of `file`, or add it at the end. Messages name the file relative to `root`."""
    document = _read(file, root)
    if (key,) in document.nodes:
        _replace(document, (key,), value)
    else:
        file.write_text(f"{file.read_text().rstrip()}\n{key}: {_quoted(value)}\n")


def pin(file: Path, package: str, version: str, root: Path) -> None:
    """Pin `package` to `version`. Raises UserError where `pins` is not one pin a line."""
    document = _read(file, root)
    if ("pins", package) in document.nodes:
        _replace(document, ("pins", package), version)
    elif ("pins",) in document.nodes:
        _append(document, f"{package}: {_quoted(version)}")
    else:
        begin = file.read_text().rstrip()
        file.write_text(f"{begin}\n\npins:\n{INDENT}{package}: {_quoted(version)}\n")


def _read(file: Path, root: Path) -> Document:
    problems = Problems(root)
    document = read(file, problems)
    problems.raise_any()
    return document


def _append(document: Document, line: str) -> None:
    pins = document.nodes["pins",]
    if not isinstance(pins, yaml.MappingNode) or pins.flow_style or not pins.value:
        raise UserError(f"{document.place(('pins',))}: pins: write one pin a line, below the key")
    first, last = pins.value[0][0].start_mark, pins.value[-1][1].end_mark
    lines = _lines(document.file)
    lines.insert(last.line + 1, f"{' ' * first.column}{line}\n")
    document.file.write_text("".join(lines))


def _replace(document: Document, keys: Keys, value: str) -> None:
    node = document.nodes[keys]
    begin, end = node.start_mark, node.end_mark
    plain = not getattr(node, "style", None) and yaml.safe_load(value) == value
    written = value if plain else _quoted(value)
    lines = _lines(document.file)
    old = lines[begin.line]
    lines[begin.line] = old[: begin.column] + written + old[end.column :]
    document.file.write_text("".join(lines))


def _lines(file: Path) -> list[str]:
    text = file.read_text()
    return (text if text.endswith("\n") else f"{text}\n").splitlines(keepends=True)


def _quoted(value: str) -> str:
    return json.dumps(value)

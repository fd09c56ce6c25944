"""How snf-manage prints: pretty or json, as 0.16.2 does (docs/synnefo.md S4.2)."""

import json
from collections.abc import Sequence
from typing import Any

FORMATS = ("pretty", "json")


def _json(rows: list[dict[str, str]]) -> None:
    print(json.dumps(rows, indent=4))


def table(rows: list[dict[str, Any]], fields: Sequence[str] = (), form: str = "pretty") -> None:
    """Print these columns of the rows; all values become strings, as upstream's do."""
    fields = fields or list(rows[0])
    cells = [{name: str(row[name]) for name in fields} for row in rows]
    if form == "json":
        return _json(cells)
    lines = [list(fields), *(list(row.values()) for row in cells)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    head, *text = ["  ".join(map(str.rjust, line, widths)) for line in lines]
    return print("\n".join([head, "-" * len(head), *text]))


def record(fields: dict[str, Any], form: str = "pretty") -> None:
    """Print one object, label by label."""
    if form == "json":
        return _json([{key: str(value) for key, value in fields.items()}])
    width = max(map(len, fields))
    return print("\n".join(f"{key.ljust(width)}: {value}" for key, value in fields.items()))

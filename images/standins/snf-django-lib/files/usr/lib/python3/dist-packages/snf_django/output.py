"""How snf-manage prints: pretty, csv or json, as observed of 0.16.2."""

import csv
import json
import sys
from collections.abc import Sequence
from typing import Any


def _json(rows: list[dict[str, str]]) -> None:
    print(json.dumps(rows, indent=4))


def table(
    rows: list[dict[str, Any]], fields: Sequence[str], form: str = "pretty", *,
    title: str = "", between: str = "  ",
) -> None:  # fmt: skip
    """Print these columns of the rows; all values become strings, as upstream's do."""
    cells = [{name: str(row[name]) for name in fields} for row in rows]
    lines = [list(fields), *(list(row.values()) for row in cells)]
    if form == "json":
        return _json(cells)
    if form == "csv":
        return csv.writer(sys.stdout, lineterminator="\n").writerows(lines)
    widths = [max(map(len, column)) for column in zip(*lines)]
    head, *text = [between.join(map(str.rjust, line, widths)) for line in lines]
    line = "-" * len(head)
    if title:
        print(f"{line}\n{title.center(len(head)).rstrip()}\n{line}")
    return print("\n".join([head, line, *text]))


def record(fields: dict[str, Any], form: str = "pretty") -> None:
    """Print one object, label by label."""
    if form == "json":
        return _json([{key: str(value) for key, value in fields.items()}])
    width = max(map(len, fields))
    return print("\n".join(f"{key.ljust(width)}: {value}" for key, value in fields.items()))


def card(title: str, fields: dict[str, Any], between: str = " | ") -> None:
    """Print one object as a table of two columns below a title."""
    cells = {key: "" if value is None else str(value) for key, value in fields.items()}
    left, right = max(map(len, cells)), max(map(len, cells.values()))
    line = "-" * (left + right + len(between))
    print(f"{line}\n{title.center(len(line)).rstrip()}\n{line}")
    for key, value in cells.items():
        print(f"{key:>{left}}{between}{value:>{right}}")

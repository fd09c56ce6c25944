"""How snf-manage prints: pretty, csv or json, as observed of 0.16.2."""

import csv
import json
import sys
from collections.abc import Sequence
from typing import Any

FORMATS = ("pretty", "csv", "json")


def _pretty(header: Sequence[str], rows: Sequence[Sequence[str]], with_header: bool) -> None:
    lines = [header, *rows] if with_header else list(rows)
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))] if lines else []
    text = ["  ".join(map(str.rjust, line, widths)) for line in lines]
    if with_header:
        text.insert(1, "-" * len(text[0]))
    print("\n".join(text))


def table(header: Sequence[str], rows: Sequence[dict[str, Any]], form: str, headers: bool) -> None:
    """Print the columns `header` of the rows; all values become strings, as upstream's do."""
    cells = [[str(row[name]) for name in header] for row in rows]
    if form == "json":
        print(json.dumps([dict(zip(header, line, strict=True)) for line in cells], indent=4))
    elif form == "csv":
        csv.writer(sys.stdout).writerows([header, *cells] if headers else cells)
    else:
        _pretty(header, cells, headers)


def record(fields: dict[str, Any], form: str) -> None:
    """Print one object, label by label."""
    strings = {key: str(value) for key, value in fields.items()}
    if form == "json":
        print(json.dumps([strings], indent=4))
    elif form == "csv":
        csv.writer(sys.stdout).writerows(strings.items())
    else:
        width = max(map(len, strings))
        print("\n".join(f"{key.ljust(width)}: {value}" for key, value in strings.items()))

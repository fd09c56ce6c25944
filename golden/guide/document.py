"""docs/guide-coverage.md: the table for readers of the repository."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from golden import atomic
from golden.guide.table import Row

HEADER = """\
# Where each action of the guide lives

Made by `./inv coverage --write`; not to be edited. Each of the 291 actions of the installation
guide ([guide-steps.json](guide-steps.json)) is done by a role while baking, by a step of first
boot, or proven by a check. The state is that of the last rehearsals of site `{site}` (targets:
{targets}) when this was written; what one of them has no means for counts as another found it.

{summary}

| id | phase | node | action | home | proof | state | notes |
|---|---|---|---|---|---|---|---|
"""
_ROW = re.compile(r"^\| (G\d{3}) \|", re.MULTILINE)
_LINK = re.compile(r"\]\(\.\./([^)#]+)#L\d+\)")


def write(
    file: Path, site: str, targets: Sequence[str], rows: Sequence[Row], summary: Sequence[str]
) -> None:
    """Publish the document; `targets` are those whose rehearsals it tells of."""
    lines = "\n".join(f"- {line}" for line in summary)
    head = HEADER.format(site=site, targets=", ".join(targets), summary=lines)
    atomic.write(file, head + "".join(_line(row) for row in rows))


def homes(file: Path) -> Mapping[str, set[str]]:
    """{id: files} as the document has it, to compare it with what is."""
    lines = [line for line in file.read_text().splitlines() if _ROW.match(line)]
    return {line[2:6]: set(_LINK.findall(line)) for line in lines}


def _line(row: Row) -> str:
    state = f"{row.state}: {row.reason}" if row.reason else row.state
    cells = (row.id, row.phase, row.node, row.what, _links(row), row.proof, state, _notes(row))
    return f"| {' | '.join(_cell(cell) for cell in cells)} |\n"


def _links(row: Row) -> str:
    return "<br>".join(_link(*home.rsplit(":", 1)) for home in row.homes)


def _link(file: str, line: str) -> str:
    name = Path(file).parent.name if file.endswith("role.yaml") else Path(file).name
    return f"[{name}:{line}](../{file}#L{line})"


def _notes(row: Row) -> str:
    return "; ".join(row.notes)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")

"""What the pages of the documentation tell a reader to type, and to write into which file."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from golden.paths import ROOT
from tests.unit.test_style import committed

GUIDES = [ROOT / "docs" / name for name in ("tutorial.md", "how-to.md")]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_FILE = re.compile(r"# (images/\S+\.yaml)\n")


@dataclass(frozen=True)
class Block:
    """A fenced block: the `file` whose text it is, or the `lines` to type."""

    file: str = ""
    text: str = ""
    lines: tuple[str, ...] = ()


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of `page` in its order; raises ValueError for one that is neither."""
    for language, text in _FENCED.findall(page.read_text()):
        if language == "sh":
            yield Block(lines=tuple(filter(None, (_typed(line) for line in text.splitlines()))))
        elif language == "yaml" and (named := _FILE.match(text)):
            yield Block(file=named.group(1), text=text)
        elif language != "text":
            raise ValueError(f"{page.name}: a block of {language} that no test can judge: {text}")


def spans(page: Path) -> Iterator[str]:
    """The commands of this project that stand in the sentences and tables of `page`."""
    for text in _SPAN.findall(_FENCED.sub("", page.read_text())):
        if re.match(r"(\./inv|invoke|time \./inv|scripts/host/\S+)( |$)", text):
            yield text.removeprefix("time ")


def scripts() -> set[str]:
    """The programs of scripts/host/, by their path in the repository."""
    folder = ROOT / "scripts" / "host"
    return {str(path.relative_to(ROOT)) for path in committed() if path.parent == folder}


def _typed(line: str) -> str:
    """`line` without its comment."""
    return shlex.join(shlex.split(line, comments=True)) if "#" in line else line.strip()

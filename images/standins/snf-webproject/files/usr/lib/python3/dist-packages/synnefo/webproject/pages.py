"""Pages: one frame with the cloudbar, filled by the components."""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("page.html").read_text()


def page(settings: Any, title: str, body: str) -> str:
    """A page with the cloudbar, whose script and services come from the Astakos host."""
    return PAGE.format(title=title, body=body, s=settings)


def rows(header: str, lines: Iterable[dict[str, Any]]) -> str:
    """A table of these columns; everything is escaped."""
    names = header.split()
    cells = [["th", *names]] + [["td", *(line[name] for name in names)] for line in lines]
    text = ["".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in line) for tag, *line in cells]
    return f"<table><tr>{'</tr><tr>'.join(text)}</tr></table>"

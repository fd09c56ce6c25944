"""Pages: one frame with the cloudbar, filled by the components. They have upstream's titles and
the fields of its forms, and none of its looks and scripts."""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("page.html").read_text()
HTML = "text/html; charset=utf-8"
REFUSED = "<!DOCTYPE html><title>{title}</title><h1>OOOOOOOPS</h1><p>{told}</p>"
TITLES = {404: "Page not found"}


def page(settings: Any, title: str, body: str) -> str:
    """A page with the cloudbar, whose script and services come from the Astakos host."""
    return PAGE.format(title=title, body=body, s=settings)


def refusal(status: int, told: str) -> str:
    """A page that says why there is no other."""
    return REFUSED.format(title=TITLES.get(status, f"Error {status}"), told=escape(told))


def form(action: str, fields: str, **values: str) -> str:
    """A form to post; `fields` are input names, what is typed into a password's is hidden."""
    return f'<form method=post action="{action}">{inputs(fields.split(), **values)}</form>'


def inputs(names: Iterable[str], **values: str) -> str:
    """Fields of these names, with a button."""
    found = [
        f'<input name="{name}" placeholder="{name}" value="{escape(values.get(name, ""))}"'
        f" type={'password' if 'password' in name else 'hidden' if name in values else 'text'}>"
        for name in names
    ]
    return "".join([*found, "<button>SUBMIT</button>"])


def rows(header: str, lines: Iterable[dict[str, Any]]) -> str:
    """A table of these columns; everything is escaped."""
    names = header.split()
    cells = [["th", *names]] + [["td", *(line[name] for name in names)] for line in lines]
    text = ["".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in line) for tag, *line in cells]
    return f"<table><tr>{'</tr><tr>'.join(text)}</tr></table>"

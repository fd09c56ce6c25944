"""Pages: one frame with the cloudbar, filled by the components."""

from html import escape
from typing import Any


def page(settings: Any, title: str, body: str) -> str:
    """A page with the cloudbar, whose script and services come from the Astakos host."""
    bar = settings.CLOUDBAR_LOCATION
    urls = (
        f'data-services="{settings.CLOUDBAR_SERVICES_URL}" data-menu="{settings.CLOUDBAR_MENU_URL}"'
    )
    head = f"<title>{escape(title)}</title><link rel=stylesheet href=/static/branding/standin.css>"
    script = f'<script id=cloudbar-script src="{bar}cloudbar.js" {urls}></script>'
    frame = f"<div id=cloudbar></div><h1>{escape(title)}</h1>{body}{script}"
    return (
        f"<!DOCTYPE html><html><head><meta charset=utf-8>{head}</head><body>{frame}</body></html>"
    )


def rows(header: str, lines: list[list[Any]]) -> str:
    """A table; everything is escaped."""
    head = "".join(f"<th>{escape(word)}</th>" for word in header.split())
    cells = ["".join(f"<td>{escape(str(cell))}</td>" for cell in line) for line in lines]
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in cells)}</table>"

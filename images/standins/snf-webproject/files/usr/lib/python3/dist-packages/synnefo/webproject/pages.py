"""Pages: one frame with the cloudbar, filled by the components, and the way to them."""

from collections.abc import Iterable
from html import escape
from typing import Any

from synnefo.webproject.web import Request, Response, route
from werkzeug.utils import redirect

PAGE = """<!DOCTYPE html><html><head><meta charset=utf-8><title>{title}</title>
<link rel=stylesheet href=/static/branding/standin.css></head><body>
<div id=cloudbar></div><h1>{title}</h1>{body}
<script id=cloudbar-script src="{s.CLOUDBAR_LOCATION}cloudbar.js"
data-services="{s.CLOUDBAR_SERVICES_URL}" data-menu="{s.CLOUDBAR_MENU_URL}"></script>
</body></html>"""


def page(settings: Any, title: str, body: str) -> str:
    """A page with the cloudbar, whose script and services come from the Astakos host."""
    return PAGE.format(title=title, body=body, s=settings)


def rows(header: str, lines: Iterable[dict[str, Any]]) -> str:
    """A table of these columns; everything is escaped."""
    names = header.split()
    cells = [["th", *names]] + [["td", *(line[name] for name in names)] for line in lines]
    text = ["".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in line) for tag, *line in cells]
    return f"<table><tr>{'</tr><tr>'.join(text)}</tr></table>"


def _home(base: str, way: str) -> None:
    @route("GET", base, "")
    def home(request: Request) -> Response:
        return redirect(request.settings.values[base] + way)


# The guide's plain addresses (G124, G291): what is missing is added by a redirection.
for _name in ("ASTAKOS", "CYCLADES", "PITHOS", "ADMIN"):
    _home(f"{_name}_BASE_URL", "/" if _name == "ADMIN" else "/ui/")

"""Stand-in of Admin: pages whose tables ask for their rows, for members of the permitted groups.

Rows come as JSON to whoever asks in the words of the table's script. Not: filters, actions, charts,
statistics.
"""

from typing import Any

from astakos.identity import cookie_user
from synnefo.webproject.pages import HTML, inputs, page
from synnefo.webproject.web import Fault, Request, Response, route

BASE = "ADMIN_BASE_URL"
# Without them upstream's table fails: it reads the numbers of the form that they make.
NEEDED = "sEcho iColumns iSortingCols iDisplayStart iDisplayLength"
TABLES = {
    "user": """select id, email, first_name, last_name, active, is_rejected, moderated,
        email_verified from im_user order by id""",
    "vm": "select id, name, userid, operstate from db_virtualmachine order by id",
}
SCRIPT = """<table id=rows></table><script>
fetch("{base}/json/{kind}?sEcho=1&iColumns=8&iSortingCols=0&iDisplayStart=0&iDisplayLength=10",
    {{headers: {{Accept: "application/json"}}}}).then(answer => answer.json()).then(found => {{
  for (const cells of found.aaData) {{
    const row = document.getElementById("rows").insertRow();
    for (const cell of cells) row.insertCell().textContent = cell;
  }}
}});</script>"""


def _require_member(request: Request) -> None:
    """403 for everybody else, never a login page (docs/synnefo.md S8.4)."""
    user = cookie_user(request)
    if not user or not set(user["groups"]) & set(request.settings.ADMIN_PERMITTED_GROUPS):
        raise Fault(403, "You do not have permission to see this page")


def _refused(request: Request, told: str) -> Response:
    return Response(page(request.settings, "Synnefo admin", told), 404, content_type=HTML)


@route("GET", BASE, "/", "/<path:kind>")
def table(request: Request, kind: str = "user") -> Any:
    """The page of a table, the users' first: empty until its script has asked for the rows."""
    _require_member(request)
    if kind not in TABLES:
        return _refused(request, "4 Oh 4!")
    fields = inputs(["onoffswitch", "sender", "subject"])
    script = SCRIPT.format(base=request.base, kind=kind)
    return page(request.settings, "Synnefo admin", fields + script)


@route("GET", BASE, "/json/<kind>")
def rows(request: Request, kind: str) -> Any:
    """The rows of a table, for whoever asks for JSON in the words of its script."""
    if request.headers.get("X-Auth-Token") and not request.cookies:
        return _refused(request, "4 Oh 5!")
    _require_member(request)
    if kind not in TABLES or "application/json" not in request.headers.get("Accept", ""):
        return _refused(request, "4 Oh 5!")
    if missing := [name for name in NEEDED.split() if name not in request.args]:
        raise Fault(500, f"no {missing[0]}")
    found = [[str(cell) for cell in row.values()] for row in request.db.rows(TABLES[kind])]
    wanted = request.args.get("sSearch", "")
    shown = [cells for cells in found if any(wanted in cell for cell in cells)]
    return {"aaData": shown, "sEcho": request.args["sEcho"]}

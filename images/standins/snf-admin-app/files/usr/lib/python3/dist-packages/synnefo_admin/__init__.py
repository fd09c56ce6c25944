"""Stand-in of Admin: a page whose table asks for the users, for members of the permitted groups."""

from astakos.identity import cookie_user
from synnefo.webproject.pages import page
from synnefo.webproject.web import HTTPError, Request, Response, as_json, route

# Without them upstream's table fails: it reads the numbers of the form that they make.
NEEDED = "sEcho iColumns iSortingCols iDisplayStart iDisplayLength"
COLUMNS = "id email first_name last_name active rejected moderated email_verified"
TABLE = """<table id=users></table><script>
fetch("json/user?sEcho=1&iColumns=8&iSortingCols=0&iDisplayStart=0&iDisplayLength=10",
    {headers: {Accept: "application/json"}}).then(answer => answer.json()).then(found => {
  for (const cells of found.aaData) {
    const row = document.getElementById("users").insertRow();
    for (const cell of cells) row.insertCell().textContent = cell;
  }
});</script>"""


def _require_member(request: Request) -> None:
    """403 for everybody else, never a login page (docs/synnefo.md S8.4)."""
    user = cookie_user(request)
    if not user or not set(user["groups"]) & set(request.settings.ADMIN_PERMITTED_GROUPS):
        raise HTTPError(403, "Forbidden")


@route("GET", "ADMIN_BASE_URL", "/")
def dashboard(request: Request) -> str:
    """The page: its table is empty until its script has asked for the rows."""
    _require_member(request)
    return page(request.settings, "Synnefo admin", TABLE)


@route("GET", "ADMIN_BASE_URL", "/json/user")
def users(request: Request) -> Response:
    """The rows of the table, for whoever asks for JSON in the words of its script."""
    _require_member(request)
    if "application/json" not in request.headers.get("Accept", ""):
        raise HTTPError(404, "4 Oh 5!")
    if missing := [name for name in NEEDED.split() if name not in request.args]:
        raise HTTPError(500, f"no {missing[0]}")
    shown = request.db.rows("select *, false rejected from im_user order by id")
    found = [[str(row[name]) for name in COLUMNS.split()] for row in shown]
    wanted = request.args.get("sSearch", "")
    rows = [cells for cells in found if any(wanted in cell for cell in cells)]
    return as_json({"aaData": rows, "sEcho": request.args["sEcho"]})

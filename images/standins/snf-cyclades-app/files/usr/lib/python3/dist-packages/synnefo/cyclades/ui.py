"""The Cyclades page: images, flavors, machines and the form for a new one."""

from html import escape
from typing import Any
from urllib.parse import quote

from synnefo.cyclades.flavors import FLAVORS
from synnefo.cyclades.images import visible
from synnefo.cyclades.servers import MACHINES, STATUS, create
from synnefo.cyclades.session import BASE, cookie_token, user_of
from synnefo.webproject.pages import page, rows
from synnefo.webproject.web import Request, redirect, route

FORM = """<h2>New machine</h2><form method=post action="{action}"><input name=name value=machine>
<select name=imageRef>{images}</select><select name=flavorRef>{flavors}</select>
<button>Create</button></form><h2>Machines</h2>{machines}"""


def _choices(items: list[dict[str, Any]], key: str) -> str:
    return "".join(f'<option value="{i[key]}">{escape(i["name"])}</option>' for i in items)


@route("GET", BASE, "/?|/ui")
def home(request: Request) -> Any:
    """Everything leads to the page."""
    return redirect(f"{request.settings.CYCLADES_BASE_URL}/ui/")


@route("GET|POST", BASE, "/ui/")
def ui(request: Request) -> Any:
    """Show the page, or create the machine of the form; who is not logged in goes to Astakos."""
    settings, here = request.settings, f"{request.settings.CYCLADES_BASE_URL}/ui/"
    if not cookie_token(request):
        login = settings.ASTAKOS_AUTH_URL.removesuffix("/identity/v2.0") + "/ui/login"
        return redirect(f"{login}?next={quote(here, '')}")
    user = user_of(request)
    if request.method == "POST":
        create(request, user, dict(request.form()))
        return redirect(here)
    machines = [
        [r["id"], r["name"], STATUS[r["operstate"]]] for r in request.db.rows(MACHINES, user)
    ]
    parts = {"images": _choices(visible(settings, user), "uuid"), "action": here}
    parts["flavors"] = _choices(request.db.rows(FLAVORS), "id")
    parts["machines"] = rows("id name status", machines)
    return page(settings, "Cyclades", FORM.format(**parts))

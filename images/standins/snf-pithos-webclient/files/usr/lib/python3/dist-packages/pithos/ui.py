"""The Pithos page: the user's objects. It is not shown while Astakos refuses its OAuth client."""

from typing import Any
from urllib.parse import quote

from pithos.api import BASE
from pithos.backend import backend
from synnefo.webproject.pages import page, rows
from synnefo.webproject.session import visitor
from synnefo.webproject.web import Fault, Request, moved, route

# What upstream's file view proves by OAuth 2.0: identifier, secret and address are Astakos's.
CLIENT = """select 1 from oa2_client c join oa2_redirecturl r on client_id = c.id
    where identifier = %s and secret = %s and r.url = %s"""


@route("GET", BASE, "/ui/")
def ui(request: Request) -> Any:
    """List the objects of who is logged in; others are sent to Astakos."""
    settings, user = request.settings, visitor(request, "PITHOS")
    if not user:
        login = settings.ASTAKOS_AUTH_URL.removesuffix("/identity/v2.0") + "/ui/login"
        return moved(f"{login}?next={quote(f'{request.base}/ui/', '')}")
    client = settings.PITHOS_OAUTH2_CLIENT_CREDENTIALS
    if not request.db.one(CLIENT, *client, f"{settings.PITHOS_BASE_URL}/ui/view"):
        place = settings.where("PITHOS_OAUTH2_CLIENT_CREDENTIALS")
        told = f"Astakos has no OAuth client {client[0]} with this secret and our ui/view as URL"
        raise Fault(500, f"{told} [PITHOS_OAUTH2_CLIENT_CREDENTIALS, {place}]")
    with backend(settings) as db:
        sql = "select container, name, bytes from objects where account = %s order by 1, 2"
        return page(settings, "Pithos", rows("container name bytes", db.rows(sql, user)))

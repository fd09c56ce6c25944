"""Who asks: Cyclades asks Astakos, with the token of the request or of the cookie."""

from typing import Any
from urllib.parse import unquote

from astakosclient import AstakosClient, AstakosClientException
from synnefo.webproject.web import HTTPError, Request

BASE = "CYCLADES_BASE_URL"


def astakos(settings: Any) -> AstakosClient:
    """Astakos, with the service token."""
    place = f"[CYCLADES_SERVICE_TOKEN, {settings.where('CYCLADES_SERVICE_TOKEN')}]"
    return AstakosClient(settings.ASTAKOS_AUTH_URL, settings.CYCLADES_SERVICE_TOKEN, place)


def cookie_token(request: Request) -> str:
    """The token of who is logged in with a browser, or ""."""
    name = request.settings.CYCLADES_ASTAKOS_COOKIE_NAME
    return unquote(request.cookies.get(name, "")).partition("|")[2]


def user_of(request: Request) -> str:
    """The uuid of the user who asks. Raises 401."""
    token = request.header("X-Auth-Token") or cookie_token(request)
    try:
        client = AstakosClient(request.settings.ASTAKOS_AUTH_URL, token)
        return str(client.authenticate()["user"]["id"])
    except AstakosClientException as error:
        raise HTTPError(401 if error.status == 401 else 503, str(error)) from error

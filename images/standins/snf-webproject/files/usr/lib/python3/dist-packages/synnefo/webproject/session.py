"""What Pithos and Cyclades ask Astakos: who a user is, and quota. Errors name the setting."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from astakosclient import AstakosClient, AstakosClientException
from snf_django.commands import CommandError
from synnefo.webproject.web import HTTPError, Request
from werkzeug.exceptions import HTTPException
from werkzeug.utils import redirect


def _service(settings: Any, component: str) -> AstakosClient:
    name = f"{component}_SERVICE_TOKEN"
    place = f"[{name}, {settings.where(name)}]"
    return AstakosClient(settings.ASTAKOS_AUTH_URL, settings.values[name], place)


@contextmanager
def _passed_on(*known: int, otherwise: int) -> Iterator[None]:
    try:
        yield
    except AstakosClientException as error:
        status = error.status if error.status in known else otherwise
        raise HTTPError(status, str(error)) from error


def _user(settings: Any, token: str) -> str:
    with _passed_on(401, otherwise=503):
        access = AstakosClient(settings.ASTAKOS_AUTH_URL, token).authenticate()
    return str(access["user"]["id"])


def user_of(request: Request) -> str:
    """The uuid of the user who asks. Raises 401, 503 when Astakos cannot be asked."""
    return _user(request.settings, request.headers.get("X-Auth-Token", ""))


def visitor(request: Request, component: str) -> str:
    """The uuid of who is logged in with a browser; others are sent to Astakos."""
    settings = request.settings
    token = request.cookie_token(settings.values[f"{component}_ASTAKOS_COOKIE_NAME"])
    if not token:
        login = settings.ASTAKOS_AUTH_URL.removesuffix("/identity/v2.0") + "/ui/login"
        here = quote(settings.values[f"{component}_BASE_URL"] + "/ui/", "")
        raise HTTPException(response=redirect(f"{login}?next={here}"))
    return _user(settings, token)


def charge(settings: Any, component: str, user: str, provisions: dict[str, int]) -> None:
    """Take from (or give back to) the user's quota. Raises 413, 500 for a wrong service token."""
    with _passed_on(413, otherwise=500):
        _service(settings, component).commission(user, provisions)


def reconcile(settings: Any, component: str, used: dict[str, Any], fix: bool) -> None:
    """Compare what users hold with what Astakos counts. Raises CommandError."""
    try:
        _service(settings, component).reconcile(used, fix)
    except AstakosClientException as error:
        raise CommandError(str(error)) from error

"""Stand-in of Admin: the table of users, for members of the permitted groups."""

from typing import Any

from astakos.identity import cookie_user
from astakos.management.users import USERS
from synnefo.webproject.pages import page, rows
from synnefo.webproject.web import HTTPError, Request, redirect, route

BASE = "ADMIN_BASE_URL"


@route("GET", BASE, "")
def home(request: Request) -> Any:
    """Only the missing slash is redirected (guide G291)."""
    return redirect(f"{request.settings.ADMIN_BASE_URL}/")


@route("GET", BASE, "/")
def users(request: Request) -> str:
    """The users. 403 for everybody else, never a login page (contracts 14)."""
    user = cookie_user(request)
    if not user or not set(user["groups"]) & set(request.settings.ADMIN_PERMITTED_GROUPS):
        raise HTTPError(403, "Forbidden")
    keys = "email", "realname", "uuid", "active", "groups"
    lines = [[row[key] for key in keys] for row in request.db.rows(f"{USERS} order by u.id")]
    return page(request.settings, "Admin", rows(" ".join(keys), lines))

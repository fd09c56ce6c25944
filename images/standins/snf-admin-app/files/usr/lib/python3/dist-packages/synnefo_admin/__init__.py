"""Stand-in of Admin: the table of users, for members of the permitted groups."""

from astakos.identity import cookie_user
from synnefo.webproject.pages import page, rows
from synnefo.webproject.web import HTTPError, Request, route


@route("GET", "ADMIN_BASE_URL", "/")
def users(request: Request) -> str:
    """The users. 403 for everybody else, never a login page (contracts 14)."""
    user = cookie_user(request)
    if not user or not set(user["groups"]) & set(request.settings.ADMIN_PERMITTED_GROUPS):
        raise HTTPError(403, "Forbidden")
    found = request.db.rows("select * from im_user order by id")
    return page(request.settings, "Admin", rows("email realname uuid active groups", found))

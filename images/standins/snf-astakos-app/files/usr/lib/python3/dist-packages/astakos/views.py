"""The pages of Astakos: login, profile, and what the cloudbar asks for."""

import json
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit

from synnefo.webproject.pages import page, rows
from synnefo.webproject.web import HTTPError, Request, Response, route
from werkzeug.security import check_password_hash
from werkzeug.utils import redirect

from astakos.identity import BASE, cookie_user

FORM = """<form method=post action="{action}"><input name=username placeholder=E-mail>
<input name=password type=password placeholder=Password><button>SUBMIT</button></form>"""


@route("GET", BASE, "/ui/", "/ui/login")
def login(request: Request) -> Any:
    """The login page; who is logged in goes on to where they wanted to go."""
    base, target = request.settings.ASTAKOS_BASE_URL, request.args.get("next", "")
    if cookie_user(request):
        return redirect(target or f"{base}/ui/landing")
    action = escape(f"{base}/ui/local?next={quote(target, '')}")
    return page(request.settings, "Welcome to Synnefo", FORM.format(action=action))


@route("POST", BASE, "/ui/local")
def local(request: Request) -> Response:
    """Check the password and set the cookie all services understand."""
    form, settings, target = request.form, request.settings, request.args.get("next", "")
    user = request.db.one("select * from im_user where username = %s", form.get("username", ""))
    if not user or not check_password_hash(user["password"], form.get("password", "")):
        raise HTTPError(401, "Please enter a correct username and password.")
    if not user["active"]:
        raise HTTPError(403, "Your account is not active: it waits for verification or moderation.")
    host = urlsplit(target).hostname
    if host and not f".{host}".endswith(settings.ASTAKOS_COOKIE_DOMAIN):
        raise HTTPError(403, "Redirect to a foreign host")
    response = redirect(target or f"{settings.ASTAKOS_BASE_URL}/ui/landing")
    name, value = settings.ASTAKOS_COOKIE_NAME, quote(f"{user['uuid']}|{user['auth_token']}", "")
    where = {"domain": settings.ASTAKOS_COOKIE_DOMAIN, "secure": settings.ASTAKOS_COOKIE_SECURE}
    response.set_cookie(name, value, httponly=True, **where)
    return response


@route("GET", BASE, "/ui/landing", "/ui/profile")
def profile(request: Request) -> str:
    """The user's profile."""
    if not (user := cookie_user(request)):
        raise HTTPError(401, "Log in first")
    return page(request.settings, "Profile", rows("email realname uuid groups", [user]))


def _script(request: Request, data: Any) -> Response:
    # The cloudbar runs on the pages of other hosts, so it asks by script, as upstream's.
    callback = request.args.get("callback", "")
    if not callback.isidentifier():
        raise HTTPError(400, "callback must be the name of a function")
    return Response(f"{callback}({json.dumps(data)});", mimetype="application/javascript")


@route("GET", BASE, "/ui/get_services")
def get_services(request: Request) -> Response:
    """The components with a UI, for the cloudbar."""
    sql = "select id, name, url from im_component where url is not null order by id"
    return _script(request, request.db.rows(sql))


@route("GET", BASE, "/ui/get_menu")
def get_menu(request: Request) -> Response:
    """The user's menu, or the way in."""
    user, base = cookie_user(request), request.settings.ASTAKOS_BASE_URL
    entry = {"url": f"{base}/ui/landing", "name": user["email"]} if user else None
    return _script(request, [entry or {"url": f"{base}/ui/", "name": "Sign in"}])

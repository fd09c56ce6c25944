"""The pages of Astakos: login, landing, API access, and what the cloudbar asks for."""

import json
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit

from synnefo.webproject.pages import page, rows
from synnefo.webproject.web import HTTPError, Request, Response, redirect, route

from astakos.identity import cookie_user
from astakos.management.users import USERS, hashed

BASE = "ASTAKOS_BASE_URL"
FORM = """<form method=post action="{action}"><input name=username placeholder=E-mail>
<input name=password type=password placeholder=Password><button>SUBMIT</button></form>"""


@route("GET", BASE, "/?|/ui")
def home(request: Request) -> Response:
    """Everything leads to the front door."""
    return redirect(f"{request.settings.ASTAKOS_BASE_URL}/ui/")


@route("GET", BASE, "/ui/|/ui/login/?")
def login(request: Request) -> Any:
    """The login page; who is logged in goes on to where they wanted to go."""
    base, target = request.settings.ASTAKOS_BASE_URL, request.query.get("next", "")
    if cookie_user(request):
        return redirect(target or f"{base}/ui/landing")
    action = escape(f"{base}/ui/local?next={quote(target, '')}")
    return page(request.settings, "Welcome to Synnefo", FORM.format(action=action))


def _allowed(request: Request, target: str) -> bool:
    host = urlsplit(target).netloc.split(":")[0]
    return not host or f".{host}".endswith(request.settings.ASTAKOS_COOKIE_DOMAIN)


@route("POST", BASE, "/ui/local")
def local(request: Request) -> Any:
    """Check the password and set the cookie all services understand."""
    form, target = request.form(), request.query.get("next", "")
    user = request.db.one(f"{USERS} where username = %s", form.get("username", ""))
    salt = user["password"].split("$")[2] if user else ""
    if not user or hashed(form.get("password", ""), salt or "-") != user["password"]:
        raise HTTPError(401, "Please enter a correct username and password.")
    if not user["active"]:
        raise HTTPError(403, "Your account is not active: it waits for verification or moderation.")
    if not _allowed(request, target):
        raise HTTPError(403, "Redirect to a foreign host")
    settings = request.settings
    value = quote(f"{user['uuid']}|{user['auth_token']}", "")
    secure = "; Secure" if settings.ASTAKOS_COOKIE_SECURE else ""
    cookie = f"{settings.ASTAKOS_COOKIE_NAME}={value}; Domain={settings.ASTAKOS_COOKIE_DOMAIN}"
    target = target or f"{settings.ASTAKOS_BASE_URL}/ui/landing"
    return redirect(target, Set_Cookie=f"{cookie}; Path=/; HttpOnly{secure}")


def _member(request: Request) -> dict[str, Any]:
    if not (user := cookie_user(request)):
        raise HTTPError(401, "Log in first")
    return user


@route("GET", BASE, "/ui/(?:landing|profile)/?")
def landing(request: Request) -> str:
    """The user's profile."""
    user = _member(request)
    lines = [[key, user[key]] for key in ("email", "realname", "uuid", "groups")]
    return page(request.settings, "Profile", rows("field value", lines))


@route("GET", BASE, "/ui/(?:api_access|kamakirc)/?")
def api_access(request: Request) -> Response:
    """The user's .kamakirc."""
    url, token = (
        f"{request.settings.ASTAKOS_BASE_URL}/identity/v2.0",
        _member(request)["auth_token"],
    )
    text = f'[global]\ndefault_cloud = default\n[cloud "default"]\nurl = {url}\ntoken = {token}\n'
    return Response(text.encode(), headers={"Content-Type": "text/plain"})


@route("GET", BASE, "/ui/logout/?")
def logout(request: Request) -> Response:
    """Forget the cookie."""
    name, domain = request.settings.ASTAKOS_COOKIE_NAME, request.settings.ASTAKOS_COOKIE_DOMAIN
    cookie = f"{name}=; Domain={domain}; Path=/; Max-Age=0"
    return redirect(f"{request.settings.ASTAKOS_BASE_URL}/ui/", Set_Cookie=cookie)


def _jsonp(request: Request, data: Any) -> Response:
    # The cloudbar runs on the pages of other hosts, so it asks by script, as upstream's.
    text, callback = json.dumps(data), request.query.get("callback", "")
    if callback and not callback.isidentifier():
        raise HTTPError(400, "callback")
    body = f"{callback}({text});" if callback else text
    kind = "application/javascript" if callback else "application/json"
    return Response(body.encode(), headers={"Content-Type": kind})


@route("GET", BASE, "/ui/get_services/?")
def get_services(request: Request) -> Response:
    """The components with a UI, for the cloudbar."""
    sql = "select id, name, url from im_component where url is not null order by id"
    return _jsonp(request, request.db.rows(sql))


@route("GET", BASE, "/ui/get_menu/?")
def get_menu(request: Request) -> Response:
    """The user's menu, or the way in."""
    base = request.settings.ASTAKOS_BASE_URL
    if user := cookie_user(request):
        entries = [{"url": f"{base}/ui/landing", "name": user["email"]}]
        return _jsonp(request, [*entries, {"url": f"{base}/ui/logout", "name": "Sign out"}])
    return _jsonp(request, [{"url": f"{base}/ui/", "name": "Sign in"}])

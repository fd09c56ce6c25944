"""The pages of Astakos: login, profile, and what the cloudbar asks for.

Not: signing up, API access, changing anything, terms, other ways to log in. A form's token against
forgery is handed out and not looked at: upstream lets who sends none see the form again with 200.
"""

import json
import secrets
from typing import Any
from urllib.parse import quote, urlsplit

from synnefo.webproject.pages import HTML, form, page, rows
from synnefo.webproject.web import Fault, Request, Response, moved, route
from werkzeug.security import check_password_hash

from astakos.identity import BASE, cookie_user

LOGIN = "csrfmiddlewaretoken next username password"
PROFILE = """auth change_password csrfmiddlewaretoken email first_name last_name new_password1
    new_password2 next old_password"""
YEAR = 31449600


def _shown(request: Request, title: str, body: str, csrf: str) -> Response:
    text = page(request.settings, f"Synnefo Dashboard | {title}", body)
    response = Response(text, content_type=HTML)
    if csrf:
        response.set_cookie("csrftoken", csrf, max_age=YEAR, path="/")
    return response


def _login_form(request: Request, told: str = "") -> Response:
    csrf = request.cookies.get("csrftoken") or secrets.token_hex(16)
    values = {"csrfmiddlewaretoken": csrf, "next": request.args.get("next", "")}
    values |= {"username": request.form.get("username", "")} if told else {}
    path = urlsplit(request.base).path
    response = _shown(request, "Login", told + form(f"{path}/ui/local", LOGIN, **values), csrf)
    _forget_messages(request, response)
    return response


def _forget_messages(request: Request, response: Response) -> None:
    if "messages" in request.cookies:
        response.set_cookie("messages", "", max_age=0, expires=0, path="/")


@route("GET", BASE, "/ui/")
def home(request: Request) -> Response:
    """To the login page, or to the overview."""
    return moved(f"{request.base}/ui/{'landing' if cookie_user(request) else 'login'}")


@route("GET|POST", BASE, "/ui/login")
def login(request: Request) -> Response:
    """The login page; who is logged in goes on to where they wanted to go."""
    if cookie_user(request):
        return moved(_allowed(request, request.args.get("next", "")))
    return _login_form(request)


def _allowed(request: Request, target: str) -> str:
    """Where a login may lead to: never to a foreign host."""
    landing, host = f"{request.base}/ui/landing", urlsplit(target).hostname
    domain = request.settings.ASTAKOS_COOKIE_DOMAIN
    foreign = host and not f".{host}".endswith(domain)
    return landing if foreign or not target else target


@route("GET", BASE, "/ui/local")
def local_form(request: Request) -> Response:
    """Nobody logs in by GET."""
    return moved(f"{request.base}/ui/login")


@route("POST", BASE, "/ui/local")
def local(request: Request) -> Response:
    """Check the password and set the cookie all services understand; else show the form again."""
    given, settings = request.form, request.settings
    user = request.db.one("select * from im_user where username = %s", given.get("username", ""))
    known = user and check_password_hash(user["password"], given.get("password", ""))
    if not user or not known or not user["active"]:
        told = "Please enter a correct username and password."
        return _login_form(request, told if not known else "Your account is not active.")
    response = moved(_allowed(request, given.get("next") or request.args.get("next", "")))
    name, value = settings.ASTAKOS_COOKIE_NAME, quote(f"{user['uuid']}|{user['auth_token']}", "")
    where = {"domain": settings.ASTAKOS_COOKIE_DOMAIN, "secure": settings.ASTAKOS_COOKIE_SECURE}
    response.set_cookie(name, value, expires=user["auth_token_expires"], **where)
    secure = settings.ASTAKOS_COOKIE_SECURE
    session = {"max_age": YEAR, "secure": secure, "httponly": True}
    response.set_cookie("sessionid", secrets.token_hex(16), **session)
    response.set_cookie("messages", secrets.token_hex(16))
    response.set_cookie("astakos_last_login_method", "local")
    return response


@route("GET", BASE, "/ui/logout")
def logout(request: Request) -> Response:
    """Forget the cookies of who is logged in."""
    response = moved(f"{request.base}/ui/", 301)
    if cookie_user(request):
        domain, gone = request.settings.ASTAKOS_COOKIE_DOMAIN, {"max_age": 0, "expires": 0}
        response.set_cookie(request.settings.ASTAKOS_COOKIE_NAME, "", domain=domain, **gone)
        response.set_cookie("sessionid", "", **gone)
        response.set_cookie("messages", secrets.token_hex(16))
    return response


@route("GET", BASE, "/ui/landing", "/ui/profile", "/ui/projects")
def account(request: Request) -> Response:
    """The user's pages."""
    user, path = cookie_user(request), urlsplit(request.base).path
    if not user:
        return moved(f"{request.base}/ui/login?next={request.path}")
    name = request.path.rpartition("/")[2]
    csrf = request.cookies.get("csrftoken") or secrets.token_hex(16)
    values = {"csrfmiddlewaretoken": csrf, "email": user["email"], "next": ""}
    if name == "landing":
        response = _shown(request, "Overview", rows("email realname", [user]), "")
        _forget_messages(request, response)
        return response
    if name == "profile":
        text = rows("email realname uuid groups", [user])
        return _shown(
            request, "Profile", text + form(f"{path}/ui/profile", PROFILE, **values), csrf
        )
    return _shown(request, "Projects", form("#", "csrfmiddlewaretoken", **values), csrf)


@route("GET", BASE, "/ui/get_services")
def get_services(request: Request) -> Any:
    """The components with a UI, for the cloudbar."""
    sql = "select body from cloudbar order by n"
    return _script(request, [row["body"] for row in request.db.rows(sql)])


@route("GET", BASE, "/ui/get_menu")
def get_menu(request: Request) -> Response:
    """The user's menu, or the way in."""
    ui, user = f"{request.base}/ui", cookie_user(request)
    if not user:
        return _script(request, [{"url": f"{ui}/", "name": "Sign in"}])
    entries: list[dict[str, Any]] = [{"url": f"{ui}/", "is_active": True, "name": user["email"]}]
    entries.append({"url": f"{ui}/landing", "name": "Dashboard"})
    return _script(request, [*entries, {"url": f"{ui}/logout", "name": "Sign out"}])


def _script(request: Request, data: Any) -> Response:
    # The cloudbar runs on the pages of other hosts, so it asks by script, as upstream's.
    callback = request.args.get("callback", "")
    if not callback:
        return Response(json.dumps(data), content_type="application/json")
    if not callback.isidentifier():
        raise Fault(400, "callback must be the name of a function")
    return Response(f"{callback}({json.dumps(data)})", content_type="application/javascript")

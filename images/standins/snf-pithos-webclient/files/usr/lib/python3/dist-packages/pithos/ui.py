"""The Pithos page, and the view that opens an object in the browser by OAuth 2.0."""

import json
from html import escape
from typing import Any
from urllib.parse import quote, unquote

import requests
from astakosclient import CA_BUNDLE
from pithos.api import BASE, content, user_of
from pithos.backend import OBJECT, backend
from synnefo.webproject.pages import page
from synnefo.webproject.web import HTTPError, Request, redirect, route

UPLOAD = """<input type=file id=upload><script>
document.getElementById("upload").onchange = function () {{
  var file = this.files[0], top = {url}, head = {{"X-Auth-Token": {token}}};
  fetch(top + "/pithos", {{method: "PUT", headers: head}}).then(function () {{
    return fetch(top + "/pithos/" + encodeURIComponent(file.name),
                 {{method: "PUT", headers: head, body: file}});
  }}).then(function () {{ location.reload(); }});
}};</script>"""


def _astakos(settings: Any) -> str:
    return str(settings.ASTAKOS_AUTH_URL).removesuffix("/identity/v2.0")


@route("GET", BASE, "/?|/ui")
def home(request: Request) -> Any:
    """Everything leads to the page."""
    return redirect(f"{request.settings.PITHOS_BASE_URL}/ui/")


@route("GET", BASE, "/ui/")
def ui(request: Request) -> Any:
    """The user's objects and the upload button; who is not logged in goes to Astakos."""
    settings = request.settings
    cookie = unquote(request.cookies.get(settings.PITHOS_ASTAKOS_COOKIE_NAME, ""))
    here = f"{settings.PITHOS_BASE_URL}/ui/"
    if not cookie:
        return redirect(f"{_astakos(settings)}/ui/login?next={quote(here, '')}")
    token = cookie.partition("|")[2]
    user = user_of(settings, token)
    with backend(settings) as db:
        sql = "select container || '/' || name path from objects where account = %s order by 1"
        paths = [row["path"] for row in db.rows(sql, user)]
    links = "".join(f'<li><a href="view/{user}/{quote(p)}">{escape(p)}</a></li>' for p in paths)
    top = json.dumps(f"{settings.PITHOS_BASE_URL}/object-store/v1/{user}")
    button = UPLOAD.format(url=top, token=json.dumps(token))
    return page(settings, "Pithos", f"<ul>{links}</ul>{button}")


def _exchange(settings: Any, code: str, uri: str) -> str:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": uri}
    pair = settings.PITHOS_OAUTH2_CLIENT_CREDENTIALS
    url = f"{_astakos(settings)}/oauth2/token"
    answer = requests.post(url, form, auth=pair, verify=CA_BUNDLE, timeout=30)
    if answer.status_code != 200:
        place = settings.where("PITHOS_OAUTH2_CLIENT_CREDENTIALS")
        raise HTTPError(500, f"{url}: {answer.text} [PITHOS_OAUTH2_CLIENT_CREDENTIALS, {place}]")
    return str(answer.json()["access_token"])


@route("GET", BASE, "/ui/view/([^/]+)/([^/]+)/(.+)")
def view(request: Request, owner: str, box: str, name: str) -> Any:
    """Show an object to its owner, after Astakos has granted access to this view."""
    settings = request.settings
    uri = f"{settings.PITHOS_BASE_URL}/ui/view/{owner}/{box}/{quote(name)}"
    if "code" not in request.query:
        client = settings.PITHOS_OAUTH2_CLIENT_CREDENTIALS[0]
        query = f"response_type=code&client_id={client}&redirect_uri={quote(uri, '')}"
        return redirect(f"{_astakos(settings)}/oauth2/auth?{query}")
    if user_of(settings, _exchange(settings, request.query["code"], uri)) != owner:
        raise HTTPError(403, "Not allowed")
    with backend(settings) as db:
        if not (row := db.one(OBJECT, owner, box, name)):
            raise HTTPError(404, f"Object {name} does not exist")
    return content(settings, row)

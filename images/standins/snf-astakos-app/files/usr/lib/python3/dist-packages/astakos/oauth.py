"""OAuth 2.0, as far as the view of Pithos's files needs it: a code for a trusted client."""

import json
import secrets
from typing import Any
from urllib.parse import quote, urlencode

from synnefo.webproject.pages import HTML
from synnefo.webproject.web import Request, Response, moved, route

from astakos.identity import BASE, cookie_user

CLIENT = """select identifier from oa2_client c join oa2_redirecturl r on client_id = c.id
    where identifier = %s and starts_with(%s, url)"""


def _refused(told: str) -> Response:
    text = json.dumps({"error": "generic_error", "exception": told})
    return Response(text, 400, content_type=HTML)


@route("GET", BASE, "/oauth2/auth")
def authorise(request: Request) -> Response:
    """Send who is logged in back with a code that serves once; others to the login page."""
    given = request.args
    if given.get("response_type") != "code":
        return _refused("Missing authorization type")
    where = given.get("redirect_uri", "")
    if not request.db.one(CLIENT, given.get("client_id", ""), where):
        return _refused("No such client found")
    if not (user := cookie_user(request)):
        order = "scope", "state", "redirect_uri", "response_type", "client_id"
        again = f"{request.path}?{urlencode([(key, given.get(key, '')) for key in order])}"
        return moved(f"{request.base}/ui/login?next={quote(again, '')}")
    code = secrets.token_urlsafe(24)
    request.db.insert(
        "oa2_code", code=code, client=given["client_id"], redirect_uri=where,
        scope=given.get("scope", ""), uuid=user["uuid"],
    )  # fmt: skip
    return moved(f"{where}?state={given.get('state', '')}&code={code}")


@route("POST", BASE, "/oauth2/token")
def token(request: Request) -> Any:
    """Change a client's code for a token that shows one file."""
    if not (kind := request.form.get("grant_type")):
        return _refused("Missing grant type")
    who = request.authorization
    sql = "select identifier from oa2_client where identifier = %s and secret = %s"
    if not who or not request.db.one(sql, who.username, who.password):
        return _refused("No such client found")
    sql = "update oa2_code set token = %s where code = %s and client = %s and token is null"
    made = secrets.token_urlsafe(24)
    if kind != "authorization_code" or not request.db.run(
        sql, made, request.form.get("code", ""), who.username
    ):
        return _refused("No such authorization code found")
    return {"access_token": made, "token_type": "Bearer", "expires_in": 20}

"""Identity v2.0, the quota API of components, and OAuth 2.0 for the Pithos view."""

import base64
import secrets
from typing import Any
from urllib.parse import quote, unquote

from synnefo.webproject.web import HTTPError, Request, redirect, route

from astakos.management.users import USERS

VALID = "is_active and auth_token_expires > now()"


def user_of(request: Request, token: str) -> dict[str, Any]:
    """The active user of a token. Raises 401."""
    user = request.db.one(f"{USERS} where auth_token = %s and {VALID}", token) if token else None
    if not user:
        raise HTTPError(401, "Invalid or expired token")
    return dict(user)


def cookie_user(request: Request) -> dict[str, Any] | None:
    """The user who is logged in with a browser, or None."""
    value = unquote(request.cookies.get(request.settings.ASTAKOS_COOKIE_NAME, ""))
    token = value.partition("|")[2]
    return request.db.one(f"{USERS} where auth_token = %s and {VALID}", token) if token else None


def component_of(request: Request) -> dict[str, Any]:
    """The component whose token was sent. Raises 401 and says what to compare."""
    token = request.header("X-Auth-Token")
    row = request.db.one("select * from im_component where auth_token = %s", token)
    if not row:
        hint = "is no component's token here; compare `snf-manage component-list -o name,token`"
        raise HTTPError(401, f"The {{PITHOS,CYCLADES}}_SERVICE_TOKEN sent {hint}")
    return dict(row)


def _catalog(request: Request) -> list[dict[str, Any]]:
    sql = """select s.*, c.url ui from im_service s join im_component c on c.id = component_id
        order by s.id"""
    catalog = []
    for row in request.db.rows(sql):
        end = {"publicURL": row["public_url"], "versionId": row["version"], "region": "default"}
        end["SNF:uiURL"] = row["ui"]
        entry = {
            "name": row["name"],
            "type": row["type"],
            "endpoints": [end],
            "endpoints_links": [],
        }
        catalog.append(entry)
    return catalog


@route("POST", "ASTAKOS_BASE_URL", r"/identity/v2\.0/tokens/?")
def tokens(request: Request) -> dict[str, Any]:
    """The public catalogue without a body, else the user's token and the catalogue."""
    access: dict[str, Any] = {"serviceCatalog": _catalog(request)}
    body = request.json()
    if body:
        auth = body.get("auth", {})
        password = auth.get("passwordCredentials", {})
        token = auth.get("token", {}).get("id") or password.get("password") or ""
        user = user_of(request, token)
        if password and password.get("username") != user["uuid"]:
            raise HTTPError(401, "Invalid credentials")
        tenant = {"id": user["uuid"], "name": user["realname"]}
        expires = user["auth_token_expires"].isoformat()
        access["token"] = {"id": token, "expires": expires, "tenant": tenant}
        roles = [{"id": "1", "name": name} for name in ["default", *user["groups"]]]
        access["user"] = {"id": user["uuid"], "name": user["email"], "roles": roles}
    return {"access": access}


@route("GET", "ASTAKOS_BASE_URL", r"/account/v1\.0/service_quotas/?")
def service_quotas(request: Request) -> dict[str, Any]:
    """Usage and limit per active user and resource of the asking component."""
    origin = component_of(request)["name"]
    sql = """select uuid, r.name, system_default, coalesce(usage, 0) usage from im_resource r
        cross join im_astakosuser left join quotaholder_app_holding h
        on holder = uuid and h.resource = r.name where service_origin = %s and moderated"""
    quotas: dict[str, Any] = {}
    for row in request.db.rows(sql, origin):
        limit = None if row["system_default"] is None else int(row["system_default"])
        quotas.setdefault(row["uuid"], {})[row["name"]] = {
            "usage": int(row["usage"]),
            "limit": limit,
        }
    return quotas


@route("POST", "ASTAKOS_BASE_URL", r"/account/v1\.0/commissions/?")
def commissions(request: Request) -> dict[str, Any]:
    """Change a user's holdings of the asking component's resources. Raises 413 over the limit."""
    component_of(request)
    body = request.json()
    for resource, quantity in body["provisions"].items():
        sql = """insert into quotaholder_app_holding values (%s, %s, %s)
            on conflict (holder, resource) do update
            set usage = quotaholder_app_holding.usage + excluded.usage returning usage"""
        usage = request.db.one(sql, body["holder"], resource, quantity)["usage"]
        row = request.db.one("select system_default from im_resource where name = %s", resource)
        if not row:
            raise HTTPError(404, f"Resource {resource} is not registered: run service-import")
        if quantity > 0 and row["system_default"] is not None and usage > row["system_default"]:
            raise HTTPError(413, f"Resource {resource}: limit {row['system_default']} exceeded")
    return {"serial": 1}


def _client(request: Request, identifier: str) -> dict[str, Any]:
    sql = """select c.*, array_agg(url) urls from oa2_client c join oa2_redirecturl r
        on r.client_id = c.id where identifier = %s group by c.id"""
    client = request.db.one(sql, identifier)
    if not client:
        raise HTTPError(400, f"invalid_client: run oauth2-client-add {identifier}")
    return dict(client)


@route("GET", "ASTAKOS_BASE_URL", r"/oauth2/auth/?")
def authorize(request: Request) -> Any:
    """Give a trusted client a code for the user who is logged in."""
    client, uri = (
        _client(request, request.query.get("client_id", "")),
        request.query["redirect_uri"],
    )
    if not any(uri == url or uri.startswith(url.rstrip("/") + "/") for url in client["urls"]):
        raise HTTPError(400, "invalid_request: redirect_uri is not registered for this client")
    if not (user := cookie_user(request)):
        target = (
            f"{request.settings.ASTAKOS_BASE_URL}/oauth2/auth?{request.environ['QUERY_STRING']}"
        )
        return redirect(f"{request.settings.ASTAKOS_BASE_URL}/ui/login?next={quote(target, '')}")
    code = secrets.token_urlsafe(24)
    sql = "insert into oa2_authorizationcode values (%s, %s, %s, %s)"
    request.db.run(sql, code, uri, client["identifier"], user["auth_token"])
    return redirect(f"{uri}{'&' if '?' in uri else '?'}code={code}")


@route("POST", "ASTAKOS_BASE_URL", r"/oauth2/token/?")
def token(request: Request) -> dict[str, Any]:
    """Change a code for a token; the client proves itself with its secret."""
    word = request.header("Authorization").partition(" ")[2]
    identifier, _, secret = base64.b64decode(word).decode().partition(":")
    if not secrets.compare_digest(_client(request, identifier)["secret"] or "", secret):
        where = "compare PITHOS_OAUTH2_CLIENT_CREDENTIALS with oauth2-client-add --secret"
        raise HTTPError(401, f"invalid_client: {where}")
    form = request.form()
    sql = "delete from oa2_authorizationcode where code = %s and redirect_uri = %s returning token"
    row = request.db.one(sql, form.get("code"), form.get("redirect_uri"))
    if not row:
        raise HTTPError(400, "invalid_grant")
    return {"access_token": row["token"], "token_type": "Bearer", "expires_in": 20}

"""Identity v2.0, and the quota API of components."""

from typing import Any

from synnefo.webproject.web import HTTPError, Request, route

BASE = "ASTAKOS_BASE_URL"


def _user(request: Request, token: str) -> dict[str, Any] | None:
    sql = "select * from im_user where auth_token = %s and active and auth_token_expires > now()"
    return request.db.one(sql, token)


def cookie_user(request: Request) -> dict[str, Any] | None:
    """The user who is logged in with a browser, or None."""
    return _user(request, request.cookie_token(request.settings.ASTAKOS_COOKIE_NAME))


def component_of(request: Request) -> str:
    """The name of the component whose token was sent. Raises 401 and says what to compare."""
    token = request.headers.get("X-Auth-Token", "")
    row = request.db.one("select name from im_component where auth_token = %s", token)
    if not row:
        hint = "is no component's token here; compare `snf-manage component-list -o name,token`"
        raise HTTPError(401, f"The {{PITHOS,CYCLADES}}_SERVICE_TOKEN sent {hint}")
    return str(row["name"])


def _catalog(request: Request) -> list[dict[str, Any]]:
    sql = """select s.name, type, json_build_array(json_build_object('publicURL', public_url,
        'versionId', version, 'region', 'default', 'SNF:uiURL', c.url)) endpoints
        from im_service s join im_component c on c.id = component_id order by s.id"""
    return request.db.rows(sql)


@route("POST", BASE, "/identity/v2.0/tokens")
def tokens(request: Request) -> dict[str, Any]:
    """The public catalogue without a body, else the user of the token and the catalogue."""
    access: dict[str, Any] = {"serviceCatalog": _catalog(request)}
    if request.get_data():
        token = request.get_json(force=True)["auth"]["token"]["id"]
        if not (user := _user(request, token)):
            raise HTTPError(401, "Invalid or expired token")
        expires = user["auth_token_expires"].isoformat()
        access["token"] = {"id": token, "expires": expires}
        access["user"] = {"id": user["uuid"], "name": user["email"], "roles": user["groups"]}
    return {"access": access}


@route("GET", BASE, "/account/v1.0/service_quotas")
def service_quotas(request: Request) -> dict[str, Any]:
    """What users hold (uuid -> resource -> usage) of the asking component's resources."""
    sql = """select uuid, r.name, coalesce(usage, 0)::bigint usage from im_resource r
        cross join im_astakosuser left join quotaholder_app_holding h
        on holder = uuid and h.resource = r.name where service_origin = %s and moderated"""
    quotas: dict[str, Any] = {}
    for row in request.db.rows(sql, component_of(request)):
        quotas.setdefault(row["uuid"], {})[row["name"]] = {"usage": row["usage"]}
    return quotas


@route("POST", BASE, "/account/v1.0/commissions")
def commissions(request: Request) -> dict[str, Any]:
    """Change a user's holdings of the asking component's resources. Raises 413 over the limit."""
    component_of(request)
    body = request.get_json()
    for resource, quantity in body["provisions"].items():
        row = request.db.one("select system_default from im_resource where name = %s", resource)
        if not row:
            raise HTTPError(404, f"Resource {resource} is not registered: run service-import")
        sql = """insert into quotaholder_app_holding values (%s, %s, %s)
            on conflict (holder, resource) do update
            set usage = quotaholder_app_holding.usage + excluded.usage returning usage"""
        usage = request.db.rows(sql, body["holder"], resource, quantity)[0]["usage"]
        if quantity > 0 and usage > row["system_default"]:
            raise HTTPError(413, f"Resource {resource}: limit {row['system_default']} exceeded")
    return {"serial": 1}

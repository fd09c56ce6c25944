"""Identity v2.0, and the account API of users and components: quota, commissions, projects.

Plays what clients and components ask for. Not: applications for projects, signing up, OAuth but for
the view of files, other ways to log in. What only reads is in control.yaml.
"""

import json
from typing import Any

from synnefo.webproject.web import USERS, Fault, Request, Response, as_json, route

BASE = "ASTAKOS_BASE_URL"


def _user(request: Request, token: str) -> dict[str, Any] | None:
    sql = "select * from im_user where auth_token = %s and active and auth_token_expires > now()"
    return request.db.one(sql, token)


def cookie_user(request: Request) -> dict[str, Any] | None:
    """The user who is logged in with a browser, or None."""
    return _user(request, request.cookie_token(request.settings.ASTAKOS_COOKIE_NAME))


def user_of(request: Request) -> str:
    """The uuid of the user who asks. Raises 401."""
    if user := _user(request, request.token()):
        return str(user["uuid"])
    raise Fault(401, "Invalid X-Auth-Token")


USERS[BASE] = user_of


def component_of(request: Request) -> str:
    """The name of the component whose token was sent. Raises 401."""
    sql = "select name from im_component where auth_token = %s"
    if row := request.db.one(sql, request.token()):
        return str(row["name"])
    raise Fault(401, "Invalid X-Auth-Token")


def _credentials(request: Request) -> tuple[str, Any]:
    content = request.content()
    if not isinstance(content, dict):
        raise TypeError(content)  # upstream's error, too
    auth = content.get("auth") or {}
    if "passwordCredentials" in auth:
        given = auth["passwordCredentials"]
        return str(given.get("password")), given.get("username")
    if not (token := auth.get("token", {}).get("id")):
        raise Fault(400, "Malformed request: missing credentials")
    return str(token), auth.get("tenantName")


@route("POST", BASE, "/identity/v2.0/tokens")
def tokens(request: Request) -> dict[str, Any]:
    """The public catalogue without a body, else the user of the token and the catalogue."""
    access: dict[str, Any] = {"serviceCatalog": request.db.rows("select * from catalog")[0]["body"]}
    if not request.get_data():
        return {"access": access}
    token, name = _credentials(request)
    if not (user := _user(request, token)):
        raise Fault(401, "Invalid token")
    if name not in (None, user["uuid"]):
        raise Fault(400, "Not conforming tenantName")
    tenant = {"id": user["uuid"], "name": user["realname"]}
    expires = user["auth_token_expires"].isoformat()
    access["token"] = {"id": token, "expires": expires, "tenant": tenant}
    roles = "select id::text, name from auth_group where name = any(%s)"
    access["user"] = tenant | {"roles": request.db.rows(roles, user["groups"]), "roles_links": []}
    return {"access": access}


@route("GET", BASE, "/identity/v2.0/tokens/<token>", "/identity/v2.0/tokens/<token>/endpoints")
def token_details(*_: Any, **__: Any) -> None:
    """Not for users, whoever they are."""
    raise Fault(404, "No such token")


@route("POST", BASE, "/account/v1.0/user_catalogs", "/account/v1.0/service/user_catalogs")
def user_catalogs(request: Request) -> Any:
    """Names of uuids, and the other way round."""
    (component_of if "/service/" in request.path else user_of)(request)
    wanted, sql = request.content(), "select uuid, username from im_user where {} = any(%s)"
    by_uuid = request.db.rows(sql.format("uuid"), wanted.get("uuids") or [])
    by_name = request.db.rows(sql.format("username"), wanted.get("displaynames") or [])
    return {
        "uuid_catalog": {row["uuid"]: row["username"] for row in by_uuid},
        "displayname_catalog": {row["username"]: row["uuid"] for row in by_name},
    }


@route("POST", BASE, "/account/v1.0/feedback")
def feedback(request: Request) -> None:
    """It is refused when it says nothing, and sent to nobody."""
    user_of(request)
    wanting = not request.form.get("feedback_msg")
    raise Fault(400, "Invalid data") if wanting else Fault(501, "The stand-in sends no feedback")


@route("GET", BASE, "/account/v1.0/service_quotas")
def service_quotas(request: Request) -> Any:
    """What users hold (uuid -> project -> resource) of the asking component's resources."""
    sql = "select uuid, body from quota_of where component = %s and %s in ('', uuid)"
    rows = request.db.rows(sql, component_of(request), request.args.get("user", ""))
    return {row["uuid"]: {row["uuid"]: row["body"]} for row in rows}


def _move(request: Request, provisions: list[Any], more: str, less: str, sign: int = 1) -> None:
    for one in provisions:
        column = more if one["quantity"] > 0 else less
        sql = f"""insert into quotaholder_app_holding as h (holder, resource, {column})
            values (%s, %s, %s) on conflict (holder, resource)
            do update set {column} = h.{column} + excluded.{column}"""
        who = one["holder"].removeprefix("user:")
        request.db.run(sql, who, one["resource"], sign * one["quantity"])


def _check(request: Request, one: dict[str, Any]) -> None:
    sql = 'select "limit", usage from quota where uuid = %s and name = %s'
    holder, resource = one["holder"], one["resource"]
    found = request.db.one(sql, holder.removeprefix("user:"), resource)
    if not found:
        raise Fault(404, f"There is no {resource} for {holder}: run service-import")
    if one["quantity"] > 0 and found["usage"] + one["quantity"] > found["limit"]:
        provision = {key: one[key] for key in ("holder", "source", "resource", "quantity")}
        data = found | {"provision": provision, "name": "NoCapacityError"}
        raise Fault(413, f"{holder} has not enough capacity of {resource}.", data=data)


@route("POST", BASE, "/account/v1.0/commissions")
def commission(request: Request) -> Response:
    """Take from, or give back to, quota: at once with auto_accept. Raises 413 over the limit."""
    component, wanted = component_of(request), request.content()
    # The only project is the user's own and holds the same, so what is said of it is not counted.
    provisions = [one for one in wanted["provisions"] if one["holder"].startswith("user:")]
    for one in [] if wanted.get("force") else provisions:
        _check(request, one)
    _move(request, provisions, "usage_max", "usage_min")
    sql = """insert into quotaholder_app_commission (name, component, provisions)
        values (%s, %s, %s::jsonb) returning serial"""
    row = request.db.rows(sql, wanted.get("name", ""), component, json.dumps(provisions))[0]
    if wanted.get("auto_accept"):
        _resolve(request, row["serial"], "accept")
    return as_json({"serial": row["serial"]}, 201)


def _resolve(request: Request, serial: int, how: str) -> bool:
    sql = "delete from quotaholder_app_commission where serial = %s returning provisions"
    if not (row := request.db.one(sql, serial)):
        return False
    if how == "accept":
        _move(request, row["provisions"], "usage_min", "usage_max")
    else:
        _move(request, row["provisions"], "usage_max", "usage_min", -1)
    return True


@route("GET", BASE, "/account/v1.0/commissions")
def pending(request: Request) -> Any:
    """The serials of the component's commissions that wait."""
    sql = "select serial from quotaholder_app_commission where component = %s order by serial"
    return [row["serial"] for row in request.db.rows(sql, component_of(request))]


@route("POST", BASE, "/account/v1.0/commissions/action")
def resolve_some(request: Request) -> Any:
    """Accept and reject commissions."""
    component_of(request)
    wanted, done = request.content(), dict[str, list[int]]()
    for how in ("accept", "reject"):
        done[how] = [one for one in wanted.get(how, ()) if _resolve(request, one, how)]
    return {"accepted": done["accept"], "rejected": done["reject"], "failed": []}


@route("POST", BASE, "/account/v1.0/commissions/<int:serial>/action")
def resolve(request: Request, serial: int) -> Response:
    """Accept or reject one. Raises 404."""
    component_of(request)
    how = "accept" if "accept" in request.content() else "reject"
    if not _resolve(request, serial, how):
        raise Fault(404, f"There is no commission {serial}.")
    return Response(content_type="application/json; charset=UTF-8")


@route("POST", BASE, "/account/v1.0/projects/memberships")
def join(request: Request) -> None:
    """There is no project to join but everybody's own."""
    user_of(request)
    project = request.field("join").get("project")
    raise Fault(404, f"There is no project identified by {project}.")

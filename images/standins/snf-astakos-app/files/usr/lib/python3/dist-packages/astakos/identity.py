"""Identity v2.0, and the account API of users and components: quota, commissions, projects.

Plays what clients and components ask for. Not: applications for projects, signing up, OAuth but for
the view of files, other ways to log in. What only reads is in control.yaml.
"""

from typing import Any

from synnefo.webproject.web import USERS, Fault, Request, route

BASE = "ASTAKOS_BASE_URL"


def _user(request: Request, token: str) -> Any:
    sql = "select * from im_user where auth_token = %s and active and auth_token_expires > now()"
    return request.db.one(sql, token)


def cookie_user(request: Request) -> Any:
    """The user who is logged in with a browser, or None."""
    return _user(request, request.cookie_token(request.settings.ASTAKOS_COOKIE_NAME))


def user_of(request: Request) -> str:
    """The uuid of the user who asks. Raises 401."""
    if user := _user(request, request.token()):
        return str(user["uuid"])
    raise Fault(401, "Invalid X-Auth-Token")


def component_of(request: Request) -> str:
    """The name of the component whose token was sent. Raises 401."""
    sql = "select name from im_component where auth_token = %s"
    if row := request.db.one(sql, request.token()):
        return str(row["name"])
    raise Fault(401, "Invalid X-Auth-Token")


USERS[BASE, "user"], USERS[BASE, "service"] = user_of, component_of


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

"""Images: objects of Pithos that were registered. They are read from the Pithos database."""

import json
import re
from typing import Any

from pithos.backend import OBJECT, backend
from synnefo.cyclades.session import BASE, user_of
from synnefo.webproject.web import HTTPError, Request, Response, route

IMAGES = """select i.*, account, container, o.name object, mapfile, bytes
    from images i join objects o using (uuid)"""
NEEDED = "OSFAMILY", "ROOT_PARTITION"


def visible(settings: Any, user: str) -> list[dict[str, Any]]:
    """The public images and the user's own."""
    with backend(settings) as db:
        rows = db.rows(f"{IMAGES} where public or account = %s order by created", user)
    return [dict(row) for row in rows]


def find(settings: Any, user: str, uuid: str) -> dict[str, Any]:
    """One image. Raises 404."""
    for row in visible(settings, user):
        if row["uuid"] == uuid:
            return row
    raise HTTPError(404, f"Image {uuid} does not exist")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    place = f"pithos://{row['account']}/{row['container']}/{row['object']}"
    shown = {"id": row["uuid"], "name": row["name"], "location": place, "status": "AVAILABLE"}
    shown |= {"size": row["bytes"], "is_public": row["public"], "owner": row["account"]}
    return shown | {"properties": row["properties"]}


def _register(request: Request, user: str) -> Response:
    meta = request.headers("X-Image-Meta-")
    match = re.fullmatch(r"pithos://([^/]+)/([^/]+)/(.+)", meta.get("location", ""))
    if not match or not meta.get("name"):
        raise HTTPError(400, "X-Image-Meta-Name and X-Image-Meta-Location pithos://… are required")
    if match[1] != user:
        raise HTTPError(403, "Not the owner")
    start = "property_"
    properties = {k.removeprefix(start).upper(): v for k, v in meta.items() if k.startswith(start)}
    if missing := [name for name in NEEDED if name not in properties]:
        raise HTTPError(400, f"Image property {missing[0]} is missing")
    with backend(request.settings) as db:
        if not (row := db.one(OBJECT, *match.groups())):
            raise HTTPError(404, f"{match[0]} does not exist")
        sql = """insert into images values (%s, %s, %s, %s) on conflict (uuid) do update set
            name = excluded.name, public = excluded.public, properties = excluded.properties"""
        public = meta.get("is_public", "").lower() == "true"
        db.run(sql, row["uuid"], meta["name"], public, json.dumps(properties))
    return Response(b"", 200, {"X-Image-Meta-Id": row["uuid"]})


@route("GET|POST", BASE, r"/image/v1\.0/images(?:/detail)?/?")
def images(request: Request) -> Any:
    """List images, or register one."""
    user = user_of(request)
    if request.method == "POST":
        return _register(request, user)
    return [_shown(row) for row in visible(request.settings, user)]

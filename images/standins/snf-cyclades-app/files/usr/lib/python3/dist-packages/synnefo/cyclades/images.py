"""Images: objects of Pithos that were registered. They are read from the Pithos database.

Lists and what Compute shows are in control.yaml. Not: changing an image, snapshots,
members. Filters and order upstream's lists ignore, too.
"""

import json
import re
from typing import Any
from urllib.parse import quote, unquote

from pithos.backend import OBJECT, backend
from synnefo.cyclades import BASE
from synnefo.webproject.session import user_of
from synnefo.webproject.web import DATABASES, KIND, Fault, Request, Response, route

IMAGE = "select * from image where (is_public or owner = %s) and id = %s"
TOP = "/image/v1.0/images"
META = """id name status size disk_format container_format location is_public deleted_at updated_at
    created_at owner checksum is_snapshot"""
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
NEEDED = "osfamily", "root_partition"
DATABASES["pithos"] = backend


def image_of(settings: Any, user: str, key: str, told: str = "") -> dict[str, Any]:
    """An image that is public or the user's. Raises 400 and 404."""
    if not re.fullmatch(UUID, key):
        raise Fault(400)
    with backend(settings) as db:
        if row := db.one(IMAGE, user, key):
            return dict(row)
    raise Fault(404, told.format(key))


def _headers(image: dict[str, Any]) -> Response:
    told = {key: image[key] for key in META.split()} | {"description": ""}
    told["name"] = quote(image["name"])
    told |= {f"property-{key}": quote(value) for key, value in image["properties"].items()}
    named = {f"x-image-meta-{k.replace('_', '-')}": str(v) for k, v in told.items()}
    return Response("", 200, named, content_type=KIND)


@route("HEAD", BASE, f"{TOP}/<key>")
def look(request: Request, key: str) -> Response:
    """What is known of an image."""
    return _headers(image_of(request.settings, user_of(request), key))


def _sent(request: Request) -> tuple[dict[str, str], dict[str, str]]:
    start = "x-image-meta-"
    given = {k.lower(): unquote(v) for k, v in request.headers.items()}
    meta = {k.removeprefix(start): v for k, v in given.items() if k.startswith(start)}
    own = {k.replace("-", "_"): v for k, v in meta.items() if k.startswith("property")}
    return meta, {k.removeprefix("property_"): v for k, v in own.items()}


@route("POST", BASE, f"{TOP}/")
def register(request: Request) -> Response:
    """Register an object as an image; what it is called and needs comes in the header."""
    user, (meta, properties) = user_of(request), _sent(request)
    if not meta.get("name"):
        raise Fault(400, "Image 'name' parameter is required")
    location = meta.get("location", "")
    if not (match := re.fullmatch(r"pithos://([^/]+)/([^/]+)/(.+)", location)):
        raise Fault(400, f"Invalid location '{location}'")
    if match[1] != user:
        raise Fault(403)
    with backend(request.settings) as db:
        if not (row := db.one(OBJECT, *match.groups())):
            raise Fault(404)
        if missing := [name for name in NEEDED if name not in properties]:
            raise Fault(400, f"Image property {missing[0]} is missing: snf-image needs it")
        public = meta.get("is-public", "").lower() == "true"
        values = row["uuid"], meta["name"], public, json.dumps(properties)
        sql = """insert into images values (%s, %s, %s, %s) on conflict (uuid) do update set
            name = excluded.name, public = excluded.public, properties = excluded.properties,
            updated = now()"""
        db.run(sql, *values)
        if public:
            sharing = "update objects set sharing = account || ',*' where uuid = %s"
            db.run(sharing, row["uuid"])
    return _headers(image_of(request.settings, user, row["uuid"]))


@route("DELETE", BASE, f"{TOP}/<key>")
def unregister(request: Request, key: str) -> Response:
    """Forget the image; the object stays."""
    user = user_of(request)
    if image_of(request.settings, user, key)["owner"] != user:
        raise Fault(403)
    with backend(request.settings) as db:
        db.run("delete from images where uuid = %s", key)
    return Response("", 204, content_type=KIND)

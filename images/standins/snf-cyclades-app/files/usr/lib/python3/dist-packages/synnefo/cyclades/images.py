"""Images: objects of Pithos that were registered. They are read from the Pithos database.

Lists and what Compute shows are in control.yaml. Not: snapshots, members, filters and order, which
upstream's lists ignore, too.
"""

import json
import re
from typing import Any
from urllib.parse import quote, unquote

from pithos.backend import OBJECT, backend
from synnefo.cyclades import BASE
from synnefo.webproject.session import user_of
from synnefo.webproject.web import DATABASES, KIND, Fault, Request, Response, route

IMAGES = "select * from image where (is_public or owner = %s)"
TOP = "/image/v1.0/images"
META = """id name status size disk_format container_format location is_public deleted_at updated_at
    created_at owner checksum is_snapshot"""
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
NEEDED = "osfamily", "root_partition"
DATABASES["pithos"] = backend


def visible(settings: Any, user: str) -> list[dict[str, Any]]:
    """The public images and the user's own."""
    with backend(settings) as db:
        return db.rows(f"{IMAGES} order by created_at", user)


def image_of(settings: Any, user: str, key: str, told: str = "") -> dict[str, Any]:
    """An image the user may have. Raises 400 and 404."""
    if not re.fullmatch(UUID, key):
        raise Fault(400)
    found = {image["id"]: image for image in visible(settings, user)}
    if key not in found:
        raise Fault(404, told.format(key))
    return found[key]


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


@route("GET", BASE, f"{TOP}/<key>")
def get(request: Request, **_: str) -> Response:
    """Upstream does not hand images out either."""
    user_of(request)
    return Response("", 501, content_type=KIND)


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


def _own(request: Request, key: str) -> dict[str, Any]:
    user = user_of(request)
    image = image_of(request.settings, user, key)
    if image["owner"] != user:
        raise Fault(403)
    return image


@route("PUT", BASE, f"{TOP}/<key>")
def modify(request: Request, key: str) -> Response:
    """Change an image's name and properties."""
    image, (meta, properties) = _own(request, key), _sent(request)
    sql = "update images set name = %s, properties = %s, updated = now() where uuid = %s"
    values = meta.get("name", image["name"]), json.dumps(image["properties"] | properties), key
    with backend(request.settings) as db:
        db.run(sql, *values)
    return _headers(image_of(request.settings, image["owner"], key))


@route("DELETE", BASE, f"{TOP}/<key>")
def unregister(request: Request, key: str) -> Response:
    """Forget the image; the object stays."""
    _own(request, key)
    with backend(request.settings) as db:
        db.run("delete from images where uuid = %s", key)
    return Response("", 204, content_type=KIND)

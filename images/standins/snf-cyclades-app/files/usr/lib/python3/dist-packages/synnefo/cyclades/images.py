"""Images: objects of Pithos that were registered. They are read from the Pithos database."""

import json
import re
from typing import Any
from urllib.parse import unquote

from pithos.backend import OBJECT, backend
from synnefo.cyclades import BASE
from synnefo.webproject.session import user_of
from synnefo.webproject.web import HTTPError, Request, Response, route

IMAGES = "select * from image where (is_public or owner = %s)"
NEEDED = "OSFAMILY", "ROOT_PARTITION"


def visible(settings: Any, user: str) -> list[dict[str, Any]]:
    """The public images and the user's own."""
    with backend(settings) as db:
        return db.rows(f"{IMAGES} order by created", user)


@route("GET", BASE, "/image/v1.0/images", "/image/v1.0/images/detail")
def images(request: Request) -> Any:
    """List images."""
    return visible(request.settings, user_of(request))


@route("POST", BASE, "/image/v1.0/images")
def register(request: Request) -> Response:
    """Register an object as an image; what it is called and needs comes in the header."""
    start = "x-image-meta-"
    given = {k.lower(): unquote(v) for k, v in request.headers.items()}
    meta = {k.removeprefix(start): v for k, v in given.items() if k.startswith(start)}
    match = re.fullmatch(r"pithos://([^/]+)/([^/]+)/(.+)", meta.get("location", ""))
    if not match or not meta.get("name"):
        raise HTTPError(400, "X-Image-Meta-Name and X-Image-Meta-Location pithos://… are required")
    if match[1] != user_of(request):
        raise HTTPError(403, "Not the owner")
    own = {k.upper().replace("-", "_"): v for k, v in meta.items() if k.startswith("property-")}
    properties = {k.removeprefix("PROPERTY_"): v for k, v in own.items()}
    if missing := [name for name in NEEDED if name not in properties]:
        raise HTTPError(400, f"Image property {missing[0]} is missing")
    with backend(request.settings) as db:
        if not (row := db.one(OBJECT, *match.groups())):
            raise HTTPError(404, f"{match[0]} does not exist")
        sql = """insert into images values (%s, %s, %s, %s) on conflict (uuid) do update set
            name = excluded.name, public = excluded.public, properties = excluded.properties"""
        public = meta.get("is-public", "").lower() == "true"
        db.run(sql, row["uuid"], meta["name"], public, json.dumps(properties))
    return Response(headers={"X-Image-Meta-Id": row["uuid"]})

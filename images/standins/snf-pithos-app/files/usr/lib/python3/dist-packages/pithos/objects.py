"""The object store's objects: stored whole or as lists of blocks, read, changed, copied, published.

Not: versions that are past, conditions, updates of a part but what is appended or cut off, forms of
many parts, the methods COPY and MOVE, which clients have a header of PUT for.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, unquote
from wsgiref.handlers import format_date_time

from pithos.api import BASE, TEXT, TOP, container_of, done, metadata, own, store
from pithos.backend import OBJECT, backend
from synnefo.webproject.session import charge
from synnefo.webproject.web import Fault, Request, Response, as_json, route

PLACE = TOP + "/<box>/<path:name>"
KEEP = """insert into objects (account, container, name, mapfile, bytes, type, meta, sharing)
    values (%s, %s, %s, %s, %s, %s, %s::jsonb, %s) on conflict (account, container, name) do update
    set mapfile = excluded.mapfile, bytes = excluded.bytes, type = excluded.type, modified = now(),
    meta = excluded.meta, sharing = coalesce(excluded.sharing, objects.sharing),
    version = nextval('version') returning *"""
Row = dict[str, Any]


def find(db: Any, owner: str, box: str, name: str, told: str = "Object does not exist") -> Row:
    """The object. Raises 404."""
    if row := db.one(OBJECT, owner, box, name):
        return dict(row)
    raise Fault(404, told)


def _sharing(request: Request) -> str | None:
    given = request.headers.get("X-Object-Sharing")
    return unquote(given).removeprefix("read=") if given else None


def _keep(request: Request, db: Any, place: tuple[str, ...], data: Row) -> Row:
    """Store the object at a place, and count what it takes more than before."""
    old = db.one(OBJECT, *place)
    more = data["bytes"] - (old["bytes"] if old else 0)
    charge(request.settings, "PITHOS", place[0], {"pithos.diskspace": more})
    values = data["mapfile"], data["bytes"], data["type"], json.dumps(data["meta"])
    return dict(db.rows(KEEP, *place, *values, data.get("sharing"))[0])


def headers_of(request: Request, row: Row) -> dict[str, str]:
    """What is told of an object."""
    modified = format_date_time(row["modified"].timestamp())
    own_ = {"Hash": row["mapfile"], "UUID": row["uuid"], "Version": row["version"]}
    own_ |= {"Version-Timestamp": modified, "Modified-By": row["account"]}
    if row["public"]:
        own_["Public"] = f"{request.base}/public/{row['public']}"
    if row["sharing"]:
        own_["Sharing"] = f"read={','.join(map(quote, sorted(row['sharing'].split(','))))}"
    own_ |= {f"Meta-{key}": value for key, value in row["meta"].items()}
    named = {f"X-Object-{key}": str(value) for key, value in own_.items()}
    return named | {"Available": "1", "ETag": row["mapfile"], "Last-Modified": modified}


def _hashmap(request: Request) -> tuple[str, int] | Response:
    try:
        sent = json.loads(request.get_data())
        names, size = [str(name) for name in sent["hashes"]], int(sent["bytes"])
    except (ValueError, KeyError, TypeError) as error:
        raise Fault(400, "Invalid data formatting") from error
    blocks = store(request.settings)
    if lacks := blocks.lacks(names):
        return as_json(lacks, 409)
    return blocks.map(names), size


@route("HEAD", BASE, PLACE)
def look(request: Request, owner: str, box: str, name: str) -> Response:
    """What is known of an object."""
    own(request, owner)
    with backend(request.settings) as db:
        row = find(db, owner, box, name)
    response = Response("", 200, headers_of(request, row), content_type=row["type"])
    response.headers["Content-Length"] = str(row["bytes"])
    response.automatically_set_content_length = False
    return response


@route("GET", BASE, PLACE)
def read(request: Request, owner: str, box: str, name: str) -> Response:
    """The object, a part of it, or its blocks."""
    own(request, owner)
    with backend(request.settings) as db:
        row = find(db, owner, box, name)
    if "version" in request.args or "If-None-Match" in request.headers:
        raise Fault(501, "The stand-in reads what is newest, whatever one has")
    if "hashmap" in request.args:
        names = store(request.settings).names(row["mapfile"])
        body = {"block_hash": "sha256", "block_size": 4 * 2**20, "bytes": row["bytes"]}
        response = as_json(body | {"hashes": names}, 200, headers_of(request, row))
        response.content_type = row["type"]
        return response
    return send(request, row)


def send(request: Request, row: Row, *, public: bool = False) -> Response:
    """The object's content, or the part that is asked for. Raises 416."""
    headers = headers_of(request, row)
    if public:
        headers = {key: value for key, value in headers.items() if not key.startswith("X-")}
    first, last, status = 0, row["bytes"] - 1, 200
    if wanted := request.range:
        first, end = wanted.ranges[0][0], wanted.ranges[0][1]
        if first < 0 or first > last:
            told = "Requested range exceeds object limits"
            raise Fault(416, told, headers={"Content-Type": TEXT})
        last, status = min(last, end - 1 if end else last), 206
        headers["Content-Range"] = f"bytes {first}-{last}/{row['bytes']}"
    headers["Content-Disposition"] = f'inline; filename="{row["name"].rpartition("/")[2]}"'
    blocks = store(request.settings).read(row["mapfile"], last + 1, first)
    content = blocks if request.method == "GET" else ()
    response = Response(content, status, headers, content_type=row["type"])
    response.content_length = last + 1 - first
    return response


@route("PUT", BASE, PLACE)
def put(request: Request, owner: str, box: str, name: str) -> Response:
    """Store an object: sent as it is, as a list of blocks, or as a copy of another one."""
    own(request, owner)
    place = (owner, box, name)
    for kind in ("Copy", "Move"):
        if source := request.headers.get(f"X-{kind}-From"):
            return _copy(request, unquote(source), place, move=kind == "Move")
    with backend(request.settings) as db:
        container_of(db, owner, box)
        if not (type_ := request.headers.get("Content-Type")):
            raise Fault(411, "Missing Content-Type header")
        hashmap = "hashmap" in request.args
        sent = _hashmap(request) if hashmap else store(request.settings).write(request.stream.read)
        if isinstance(sent, Response):
            return sent
        if request.headers.get("ETag", sent[0]) != sent[0]:
            raise Fault(422, "Object ETag does not match")
        data = {"mapfile": sent[0], "bytes": sent[1], "type": type_, "sharing": _sharing(request)}
        row = _keep(request, db, place, data | {"meta": metadata(request, "object")})
    return done(201, ETag=row["mapfile"], X_Object_Version=row["version"])


def _copy(request: Request, source: str, place: tuple[str, ...], *, move: bool) -> Response:
    box, _, name = source.strip("/").partition("/")
    with backend(request.settings) as db:
        container_of(db, *place[:2])
        told = "Container or object does not exist"
        old = find(db, place[0], box, name, told)
        if move:
            db.run("delete from objects where uuid = %s", old["uuid"])
            charge(request.settings, "PITHOS", place[0], {"pithos.diskspace": -old["bytes"]})
        row = _keep(request, db, place, old | {"sharing": None})
    return done(201, X_Object_Version=row["version"])


@route("POST", BASE, PLACE)
def change(request: Request, owner: str, box: str, name: str) -> Response:
    """Change what is known of an object, publish it, append to it or cut it off."""
    own(request, owner)
    with backend(request.settings) as db:
        row, place = find(db, owner, box, name), (owner, box, name)
        if where := request.headers.get("Content-Range"):
            row = _keep(request, db, place, row | _content(request, row, where))
            return done(204, ETag=row["mapfile"], X_Object_Version=row["version"])
        if public := request.headers.get("X-Object-Public"):
            sql = "update objects set public = case when %s then substr(md5(uuid), 1, 16) end"
            db.run(f"{sql} where uuid = %s", public.lower() == "true", row["uuid"])
        if sharing := _sharing(request):
            db.run("update objects set sharing = %s where uuid = %s", sharing, row["uuid"])
        meta = (row["meta"] if "update" in request.args else {}) | metadata(request, "object")
        if meta == row["meta"]:
            return done(202)
        row = _keep(request, db, place, row | {"meta": meta})
    return done(202, X_Object_Version=row["version"])


def _content(request: Request, row: Row, where: str) -> Row:
    """The new content: more at the end, or less."""
    if size := request.headers.get("X-Object-Bytes"):
        return {"bytes": min(int(size), row["bytes"])}  # the hash stays, as upstream's does
    if where != "bytes */*":
        raise Fault(501, "The stand-in replaces no part of an object")
    blocks = store(request.settings)
    content = b"".join(blocks.read(row["mapfile"], row["bytes"])) + request.get_data()
    pieces = [content[at : at + 4 * 2**20] for at in range(0, len(content), 4 * 2**20)]
    return {"mapfile": blocks.map([blocks.add(piece) for piece in pieces]), "bytes": len(content)}


@route("DELETE", BASE, PLACE)
def delete(request: Request, owner: str, box: str, name: str) -> Response:
    """Delete an object."""
    own(request, owner)
    with backend(request.settings) as db:
        row = find(db, owner, box, name)
        db.run("delete from objects where uuid = %s", row["uuid"])
        charge(request.settings, "PITHOS", owner, {"pithos.diskspace": -row["bytes"]})
    return done(204)


@route("HEAD|GET", BASE, "/public/<key>")
def published(request: Request, key: str) -> Response:
    """A published object, for everybody."""
    with backend(request.settings) as db:
        if not (row := db.one("select * from objects where public = %s", key)):
            raise Fault(404, "Object does not exist")
    return send(request, dict(row), public=True)

"""The object store's accounts and containers, and the command for its quota.

Not: metadata of accounts, versions that are past, folders, who shares with whom, other users'
objects but published ones, policies, groups, XML.
"""

import json
import sys
from typing import Any

from pithos.backend import backend
from pithos.store import Store, StoreError
from snf_django.commands import CommandError, command
from synnefo.webproject.session import charge, limit_of, reconcile, user_of
from synnefo.webproject.web import Fault, Request, Response, as_json, route

BASE = "PITHOS_BASE_URL"
TOP = "/object-store/v1/<owner>"
TEXT = "text/plain; charset=UTF-8"


def store(settings: Any) -> Store:
    """This host's block store. Raises 503."""
    try:
        return Store(settings.PITHOS_BACKEND_ARCHIPELAGO_CONF)
    except StoreError as error:
        raise Fault(503, str(error)) from error


def own(request: Request, account: str) -> None:
    """Raise 403 for anybody else's account; what GET is refused with has the type of a list."""
    try:
        if user_of(request) != account:
            raise Fault(403, "Not allowed")
    except Fault as error:
        raise _listed(request, error) from None


def _listed(request: Request, error: Fault) -> Fault:
    if request.method == "GET" and "format" not in request.args:
        error.headers["Content-Type"] = TEXT
    return error


def metadata(request: Request, kind: str) -> dict[str, str]:
    """The X-KIND-Meta headers sent."""
    start = f"x-{kind}-meta-"
    sent = {key.lower(): value for key, value in request.headers.items()}
    return {k.removeprefix(start).title(): v for k, v in sent.items() if k.startswith(start)}


def _listing(request: Request, names: list[str], items: list[Any], headers: Any) -> Response:
    if request.method == "HEAD":
        return as_json(None, 204, headers)
    if request.args.get("format") == "json":
        return as_json(items, 200, headers)
    text = "".join(f"{name}\n" for name in names)
    return Response(text, 200 if text else 204, headers, content_type=TEXT)


@route("HEAD|GET", BASE, TOP)
def account(request: Request, owner: str) -> Response:
    """List the containers."""
    own(request, owner)
    limit = str(limit_of(request.settings, "PITHOS", owner, "pithos.diskspace"))
    with backend(request.settings) as db:
        rows = db.rows("select * from container where account = %s order by name", owner)
    headers = {f"X-Account-Policy-Quota{more}": limit for more in ("", f"-{owner}")}
    headers["X-Account-Container-Count"] = str(len(rows))
    headers["X-Account-Bytes-Used"] = str(sum(row["bytes"] for row in rows))
    keys = "count", "last_modified", "bytes", "name", "x_container_policy"
    items = [{key: row[key] for key in keys} for row in rows]
    return _listing(request, [row["name"] for row in rows], items, headers)


def container_of(db: Any, owner: str, box: str) -> dict[str, Any]:
    """The container. Raises 404."""
    row = db.one("select * from container where account = %s and name = %s", owner, box)
    if not row:
        raise Fault(404, "Container does not exist")
    return dict(row)


def _objects(request: Request, db: Any, owner: str, box: str) -> list[dict[str, Any]]:
    given, sql = request.args, "select name, body from listed where account = %s and container = %s"
    if "delimiter" in given:
        raise Fault(501, "The stand-in shows no folders")
    sql += ' and starts_with(name, %s) and name > %s order by name collate "C" limit %s'
    limits = given.get("prefix", ""), given.get("marker", ""), int(given.get("limit", 10000))
    return list(db.rows(sql, owner, box, *limits))


@route("HEAD|GET", BASE, TOP + "/<box>")
def container(request: Request, owner: str, box: str) -> Response:
    """List the container's objects."""
    own(request, owner)
    with backend(request.settings) as db:
        try:
            row = container_of(db, owner, box)
        except Fault as error:
            raise _listed(request, error) from None
        rows = [] if request.method == "HEAD" else _objects(request, db, owner, box)
    headers = {f"X-Container-Meta-{key}": value for key, value in row["meta"].items()}
    told: dict[str, Any] = {"Policy-Quota": 0, "Policy-Project": owner}
    told |= {"Policy-Versioning": "auto", "Object-Count": row["count"], "Bytes-Used": row["bytes"]}
    told |= {"Block-Size": 4 * 2**20, "Block-Hash": "sha256", "Object-Meta": ",".join(row["meta"])}
    headers |= {f"X-Container-{key}": str(value) for key, value in told.items()}
    return _listing(request, [r["name"] for r in rows], [r["body"] for r in rows], headers)


@route("PUT", BASE, TOP + "/<box>")
def make(request: Request, owner: str, box: str) -> Response:
    """Make a container: 201, again 202."""
    own(request, owner)
    with backend(request.settings) as db:
        sql = "insert into containers values (%s, %s) on conflict do nothing"
        return done(201 if db.run(sql, owner, box) else 202)


def done(status: int, **headers: Any) -> Response:
    """An answer without a body; `headers` have _ for -."""
    named = {key.replace("_", "-"): str(value) for key, value in headers.items()}
    return Response("", status, named, content_type="application/json; charset=UTF-8")


@route("POST", BASE, TOP + "/<box>")
def update(request: Request, owner: str, box: str) -> Response:
    """Take a block, or change the metadata."""
    own(request, owner)
    with backend(request.settings) as db:
        meta = container_of(db, owner, box)["meta"] | metadata(request, "container")
        sql = "update containers set meta = %s::jsonb where account = %s and name = %s"
        db.run(sql, json.dumps(meta), owner, box)
    if not (data := request.get_data()):
        return done(202)
    if request.mimetype != "application/octet-stream":
        raise Fault(501, "The stand-in takes blocks as application/octet-stream only")
    return as_json([store(request.settings).add(data)], 202)


@route("DELETE", BASE, TOP + "/<box>")
def remove(request: Request, owner: str, box: str) -> Response:
    """Delete an empty container; with a delimiter what is in it, and not the container."""
    own(request, owner)
    if request.args.get("until", "").isdigit():  # upstream takes no notice of fractions
        raise Fault(501, "The stand-in keeps no history to purge")
    with backend(request.settings) as db:
        row = container_of(db, owner, box)
        if request.args.get("delimiter"):
            db.run("delete from objects where account = %s and container = %s", owner, box)
            charge(request.settings, "PITHOS", owner, {"pithos.diskspace": -row["bytes"]})
            return done(204)
        if row["count"]:
            raise Fault(409, "Container is not empty")
        db.run("delete from containers where account = %s and name = %s", owner, box)
    return done(204)


@command("reconcile-resources-pithos", "", "--fix")
def reconcile_resources(context: Any, _: list[str], options: Any) -> None:
    """Compare what users store with what Astakos counts."""
    try:
        Store(context.settings.PITHOS_BACKEND_ARCHIPELAGO_CONF)
    except StoreError as error:
        raise CommandError(str(error)) from error
    with backend(context.settings) as db:
        rows = db.rows("select account, sum(bytes) bytes from objects group by account")
    used = {row["account"]: {"pithos.diskspace": row["bytes"]} for row in rows}
    reconcile(context.settings, "PITHOS", used, options.fix, sys.stdout)

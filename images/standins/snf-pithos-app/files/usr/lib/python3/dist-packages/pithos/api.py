"""The object store's API, accounts, containers and objects, and the command for its quota."""

from typing import Any

from pithos.backend import OBJECT, backend
from pithos.store import Store, StoreError
from snf_django.commands import command
from synnefo.webproject.session import charge, reconcile, user_of
from synnefo.webproject.web import HTTPError, Request, Response, route

BASE = "PITHOS_BASE_URL"
TOP = "/object-store/v1/<owner>"


def store(settings: Any) -> Store:
    """This host's block store. Raises 503."""
    try:
        return Store(settings.PITHOS_BACKEND_ARCHIPELAGO_CONF)
    except StoreError as error:
        raise HTTPError(503, str(error)) from error


def _own(request: Request, account: str) -> None:
    if user_of(request) != account:
        raise HTTPError(403, "Not allowed")


def _listing(rows: list[dict[str, Any]]) -> Response:
    return Response("".join(f"{row['name']}\n" for row in rows), 200 if rows else 204)


def _container(db: Any, owner: str, box: str) -> None:
    if not db.one("select 1 from containers where account = %s and name = %s", owner, box):
        raise HTTPError(404, f"Container {box} does not exist")


@route("GET", BASE, TOP)
def account(request: Request, owner: str) -> Response:
    """List the containers."""
    _own(request, owner)
    with backend(request.settings) as db:
        sql = "select name from containers where account = %s order by name"
        return _listing(db.rows(sql, owner))


@route("GET|PUT", BASE, TOP + "/<box>")
def container(request: Request, owner: str, box: str) -> Response:
    """Make a container (201, again 202), or list its objects."""
    _own(request, owner)
    with backend(request.settings) as db:
        if request.method == "PUT":
            sql = "insert into containers values (%s, %s) on conflict do nothing"
            return Response(status=201 if db.run(sql, owner, box) else 202)
        _container(db, owner, box)
        sql = "select name from objects where account = %s and container = %s order by name"
        return _listing(db.rows(sql, owner, box))


def _put(request: Request, db: Any, place: tuple[str, ...]) -> Response:
    _container(db, *place[:2])
    mapfile, size = store(request.settings).write(request.stream.read)
    old = db.one(OBJECT, *place)
    more = {"pithos.diskspace": size - (old["bytes"] if old else 0)}
    charge(request.settings, "PITHOS", place[0], more)
    sql = """insert into objects (account, container, name, mapfile, bytes, type)
        values (%s, %s, %s, %s, %s, %s) on conflict (account, container, name) do update
        set mapfile = excluded.mapfile, bytes = excluded.bytes, modified = now()"""
    db.run(sql, *place, mapfile, size, request.headers.get("Content-Type", ""))
    return Response(status=201, headers={"ETag": mapfile})


@route("GET|PUT|DELETE", BASE, TOP + "/<box>/<path:name>")
def thing(request: Request, owner: str, box: str, name: str) -> Response:
    """Store, fetch, look at or delete an object."""
    _own(request, owner)
    with backend(request.settings) as db:
        if request.method == "PUT":
            return _put(request, db, (owner, box, name))
        if not (row := db.one(OBJECT, owner, box, name)):
            raise HTTPError(404, f"Object {name} does not exist")
        if request.method == "DELETE":
            db.run("delete from objects where uuid = %s", row["uuid"])
            charge(request.settings, "PITHOS", owner, {"pithos.diskspace": -row["bytes"]})
            return Response(status=204)
        response = Response(store(request.settings).read(row["mapfile"]), mimetype=row["type"])
        response.content_length = row["bytes"]
        response.set_etag(row["mapfile"])
        return response


@command("reconcile-resources-pithos", "", "--fix --force --user= --project=")
def reconcile_resources(context: Any, _: list[str], options: Any) -> None:
    """Compare what users store with what Astakos counts."""
    with backend(context.settings) as db:
        rows = db.rows("select account, sum(bytes) bytes from objects group by account")
    used = {row["account"]: {"pithos.diskspace": row["bytes"]} for row in rows}
    reconcile(context.settings, "PITHOS", used, options.fix)

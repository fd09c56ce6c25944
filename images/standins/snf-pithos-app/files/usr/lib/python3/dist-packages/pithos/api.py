"""The object store's API: accounts, containers and objects."""

from typing import Any
from urllib.parse import unquote

from astakosclient import AstakosClient, AstakosClientException
from pithos.app_management import astakos
from pithos.backend import OBJECT, backend
from pithos.store import Store, StoreError
from synnefo.webproject.web import HTTPError, Request, Response, route

BASE = "PITHOS_BASE_URL"
TOP = r"/object-store/v1/([^/]+)"


def store(settings: Any) -> Store:
    """This host's block store. Raises 503."""
    try:
        return Store(settings.PITHOS_BACKEND_ARCHIPELAGO_CONF)
    except StoreError as error:
        raise HTTPError(503, str(error)) from error


def user_of(settings: Any, token: str) -> str:
    """The uuid of the user whose token this is, asked of Astakos."""
    try:
        access = AstakosClient(settings.ASTAKOS_AUTH_URL, token).authenticate()
    except AstakosClientException as error:
        raise HTTPError(401 if error.status == 401 else 503, str(error)) from error
    return str(access["user"]["id"])


def _charge(settings: Any, account: str, count: int) -> None:
    try:
        astakos(settings).commission(account, {"pithos.diskspace": count})
    except AstakosClientException as error:
        raise HTTPError(413 if error.status == 413 else 500, str(error)) from error


def _own(request: Request, account: str) -> None:
    if user_of(request.settings, request.header("X-Auth-Token")) != account:
        raise HTTPError(403, "Not allowed")


def _listing(request: Request, rows: list[dict[str, Any]]) -> Response:
    if request.query.get("format") == "json":
        return Response([{k: str(v) for k, v in row.items()} for row in rows])
    text = "".join(f"{row['name']}\n" for row in rows)
    return Response(text.encode(), 200 if rows else 204, {"Content-Type": "text/plain"})


@route("GET|HEAD", BASE, TOP + "/?")
def account(request: Request, name: str) -> Response:
    """List the containers."""
    _own(request, name)
    with backend(request.settings) as db:
        sql = "select name from containers where account = %s order by name"
        return _listing(request, db.rows(sql, name))


@route("GET|HEAD|PUT", BASE, TOP + "/([^/]+)/?")
def container(request: Request, owner: str, name: str) -> Response:
    """Make a container (201, again 202), or list its objects."""
    _own(request, owner)
    with backend(request.settings) as db:
        if request.method == "PUT":
            made = db.run(
                "insert into containers values (%s, %s) on conflict do nothing", owner, name
            )
            return Response(b"", 201 if made else 202)
        if not db.one("select 1 from containers where account = %s and name = %s", owner, name):
            raise HTTPError(404, f"Container {name} does not exist")
        sql = "select name, bytes, type from objects where account = %s and container = %s"
        return _listing(request, db.rows(sql + " order by name", owner, name))


def _put(request: Request, db: Any, place: tuple[str, ...]) -> Response:
    if not db.one("select 1 from containers where account = %s and name = %s", *place[:2]):
        raise HTTPError(404, f"Container {place[1]} does not exist")
    mapfile, size = store(request.settings).write(request.environ["wsgi.input"].read)
    old = db.one(OBJECT, *place)
    _charge(request.settings, place[0], size - (old["bytes"] if old else 0))
    sql = """insert into objects (account, container, name, mapfile, bytes, type)
        values (%s, %s, %s, %s, %s, %s) on conflict (account, container, name) do update
        set mapfile = excluded.mapfile, bytes = excluded.bytes, modified = now()"""
    db.run(sql, *place, mapfile, size, request.environ.get("CONTENT_TYPE", ""))
    return Response(b"", 201, {"ETag": mapfile})


def content(settings: Any, row: dict[str, Any]) -> Response:
    """An object's data and its description."""
    headers = {"Content-Type": row["type"] or "application/octet-stream", "ETag": row["mapfile"]}
    headers |= {"Content-Length": str(row["bytes"]), "X-Object-UUID": row["uuid"]}
    return Response(store(settings).read(row["mapfile"]), headers=headers)


@route("GET|HEAD|PUT|DELETE", BASE, TOP + "/([^/]+)/(.+)")
def thing(request: Request, owner: str, box: str, name: str) -> Response:
    """Store, fetch, look at or delete an object."""
    _own(request, owner)
    place = owner, box, unquote(name)
    with backend(request.settings) as db:
        if request.method == "PUT":
            return _put(request, db, place)
        if not (row := db.one(OBJECT, *place)):
            raise HTTPError(404, f"Object {name} does not exist")
        if request.method == "DELETE":
            db.run("delete from objects where uuid = %s", row["uuid"])
            _charge(request.settings, owner, -row["bytes"])
            return Response(b"", 204)
        return content(request.settings, row)

"""Machines: created in Ganeti through RAPI, their state told by the dispatcher."""

import json
import random
import secrets
import socket
from typing import Any
from urllib.parse import urlsplit

import requests
from astakosclient import AstakosClientException
from synnefo.cyclades import rapi
from synnefo.cyclades.images import find
from synnefo.cyclades.networks import name_of
from synnefo.cyclades.session import BASE, astakos, user_of
from synnefo.webproject.web import HTTPError, Request, Response, route

STATUS = {"STARTED": "ACTIVE", "STOPPED": "STOPPED", "BUILD": "BUILD", "ERROR": "ERROR"}
MACHINES = "select * from db_virtualmachine where userid = %s and not deleted"
ACTIONS = {"start": "startup", "shutdown": "shutdown", "reboot": "reboot"}


def _memcached(settings: Any, *lines: bytes) -> bytes:
    address = urlsplit(settings.VMAPI_CACHE_BACKEND)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\nquit\r\n")
        return b"".join(iter(lambda: connection.recv(65536), b""))


def _hand_over(settings: Any, parameters: dict[str, Any]) -> str:
    """Keep a machine's secrets in memcached for one reading; returns the URL."""
    key, data = secrets.token_hex(16), json.dumps(parameters).encode()
    answer = _memcached(settings, f"set {key} 0 3600 {len(data)}".encode(), data)
    if not answer.startswith(b"STORED"):
        raise HTTPError(503, f"VMAPI_CACHE_BACKEND [{settings.where('VMAPI_CACHE_BACKEND')}]")
    return f"{settings.CYCLADES_BASE_URL}/vmapi/v1.0/server-params/{key}"


@route("GET", BASE, r"/vmapi/v1\.0/server-params/([0-9a-f]+)/?")
def server_params(request: Request, key: str) -> Response:
    """A machine's parameters, readable once."""
    answer = _memcached(request.settings, f"get {key}".encode(), f"delete {key} noreply".encode())
    if not answer.startswith(b"VALUE"):
        raise HTTPError(404, "No such parameters, or read before")
    head, _, rest = answer.partition(b"\r\n")
    return Response(rest[: int(head.split()[-1])], headers={"Content-Type": "application/json"})


def _backend(db: Any, template: str) -> dict[str, Any]:
    sql = "select * from db_backend where not drained and not offline and %s = any(disk_templates)"
    rows = db.rows(sql, template)
    if not rows:
        raise HTTPError(503, f"No backend is undrained and offers disk template {template}")
    return dict(random.choice(rows))


def _nics(request: Request, wanted: list[str]) -> list[dict[str, Any]]:
    sql = "select id from db_network where public and floating_ip_pool and not drained limit 1"
    first = request.db.one(sql)
    names = wanted or ([str(first["id"])] if first else [])
    return [{"network": name_of(request, int(name)), "ip": "pool"} for name in names]


def create(request: Request, user: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Create a machine: quota, row, then the Ganeti job."""
    settings, db = request.settings, request.db
    sql = "select f.*, disk_template from db_flavor f join db_volumetype v on v.id = volume_type_id"
    flavor = db.one(f"{sql} where f.id::text = %s", str(wanted.get("flavorRef")))
    if not flavor:
        raise HTTPError(404, f"Flavor {wanted.get('flavorRef')} does not exist")
    image = find(settings, user, str(wanted.get("imageRef")))
    backend = _backend(db, flavor["disk_template"])
    _charge(settings, user, flavor, 1)
    networks = [str(item["uuid"]) for item in wanted.get("networks", [])]
    sql = """insert into db_virtualmachine (name, userid, imageid, flavor_id, backend_id)
        values (%s, %s, %s, %s, %s) returning *"""
    row = db.one(sql, wanted.get("name", ""), user, image["uuid"], flavor["id"], backend["id"])
    password = secrets.token_urlsafe(9)
    secret = {"img_id": f"pithosmap://{image['mapfile']}/{image['bytes']}", "img_passwd": password}
    secret |= {"img_format": "diskdump", "img_properties": json.dumps(image["properties"])}
    body = {
        "__version__": 1, "mode": "create", "name": f"{settings.BACKEND_PREFIX_ID}{row['id']}",
        "disk_template": flavor["disk_template"], "disks": [{"size": flavor["disk"] * 1024}],
        "nics": _nics(request, networks), "os": "snf-image+default",
        "osparams": {"config_url": _hand_over(settings, secret)},
        "hypervisor": backend["hypervisor"],
        "beparams": {"maxmem": flavor["ram"], "minmem": flavor["ram"], "vcpus": flavor["cpu"]},
        "ip_check": False, "name_check": False, "wait_for_sync": False,
    }  # fmt: skip
    job = int(rapi.of(settings, backend).call("POST", "/instances", body))
    db.run("update db_virtualmachine set backendjobid = %s where id = %s", job, row["id"])
    return {"id": row["id"], "name": row["name"], "status": "BUILD", "adminPass": password}


def _charge(settings: Any, user: str, flavor: dict[str, Any], sign: int) -> None:
    sizes = {"vm": 1, "cpu": flavor["cpu"], "ram": flavor["ram"] * 2**20}
    sizes["disk"] = flavor["disk"] * 2**30
    try:
        provisions = {f"cyclades.{name}": sign * size for name, size in sizes.items()}
        astakos(settings).commission(user, provisions)
    except AstakosClientException as error:
        raise HTTPError(413 if error.status == 413 else 500, str(error)) from error


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    shown = {"id": row["id"], "name": row["name"], "status": STATUS[row["operstate"]]}
    return shown | {"progress": row["buildpercentage"], "image": row["imageid"]}


@route("GET|POST", BASE, r"/compute/v2\.0/servers(?:/detail)?/?")
def servers(request: Request) -> Any:
    """List the user's machines, or create one (202)."""
    user = user_of(request)
    if request.method == "GET":
        return {
            "servers": [_shown(row) for row in request.db.rows(MACHINES + " order by id", user)]
        }
    wanted = (request.json() or {}).get("server")
    if not isinstance(wanted, dict):
        raise HTTPError(400, "body must be {server: {name, imageRef, flavorRef}}")
    try:
        return Response({"server": create(request, user, wanted)}, 202)
    except requests.RequestException as error:
        raise HTTPError(503, f"Ganeti: {error}") from error


def _machine(request: Request, key: str) -> tuple[dict[str, Any], Any, str]:
    row = request.db.one(f"{MACHINES} and id = %s", user_of(request), int(key))
    if not row:
        raise HTTPError(404, f"Server {key} does not exist")
    backend = request.db.one("select * from db_backend where id = %s", row["backend_id"])
    path = f"/instances/{request.settings.BACKEND_PREFIX_ID}{row['id']}"
    return row, rapi.of(request.settings, backend), path


@route("GET|DELETE", BASE, r"/compute/v2\.0/servers/(\d+)/?")
def server(request: Request, key: str) -> Any:
    """Show or delete a machine."""
    row, client, path = _machine(request, key)
    if request.method == "GET":
        return {"server": _shown(row)}
    client.call("DELETE", path)
    if row["operstate"] == "ERROR":  # Ganeti may never have had it, so no event would tell
        request.db.run("update db_virtualmachine set deleted = true where id = %s", row["id"])
    flavor = request.db.one("select * from db_flavor where id = %s", row["flavor_id"])
    _charge(request.settings, row["userid"], flavor, -1)
    return Response(b"", 204)


def _console(settings: Any, instance: dict[str, Any], kind: str) -> dict[str, Any]:
    options = settings.CYCLADES_VNCAUTHPROXY_OPTS[0]
    order = {key: options[key] for key in ("auth_user", "auth_password")} | {"console_type": kind}
    order |= {"source_port": 0, "destination_address": instance["pnode"]}
    order |= {"destination_port": instance["network_port"], "password": secrets.token_hex(4)}
    address = options["server_address"], options["server_port"]
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(json.dumps(order).encode() + b"\n")
        answer = json.loads(connection.makefile().readline())
    if answer["status"] != "OK":
        place = settings.where("CYCLADES_VNCAUTHPROXY_OPTS")
        raise HTTPError(
            503, f"vncauthproxy: {answer['reason']} [CYCLADES_VNCAUTHPROXY_OPTS, {place}]"
        )
    found = {"type": kind, "host": answer["proxy_address"], "port": answer["source_port"]}
    return found | {"password": order["password"]}


@route("POST", BASE, r"/compute/v2\.0/servers/(\d+)/action/?")
def action(request: Request, key: str) -> Any:
    """start, shutdown, reboot, or console."""
    _, client, path = _machine(request, key)
    name, arguments = next(iter((request.json() or {"": {}}).items()))
    if name == "console":
        kind = arguments.get("type", "vnc")
        return {"console": _console(request.settings, client.call("GET", path), kind)}
    if name not in ACTIONS:
        raise HTTPError(400, f"Unknown action '{name}'")
    client.call("POST" if name == "reboot" else "PUT", f"{path}/{ACTIONS[name]}", {})
    return Response(b"", 202)

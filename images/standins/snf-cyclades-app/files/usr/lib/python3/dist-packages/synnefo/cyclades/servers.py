"""Machines: created in Ganeti through RAPI, their state told by the dispatcher."""

import json
import random
import secrets
import socket
from typing import Any
from urllib.parse import urlsplit

import pymemcache
import requests
from synnefo.cyclades import BASE, rapi
from synnefo.cyclades.images import visible
from synnefo.cyclades.networks import name_of
from synnefo.webproject.pages import page, rows
from synnefo.webproject.session import charge, user_of, visitor
from synnefo.webproject.web import HTTPError, Request, Response, as_json, route

MACHINES = "select * from db_machine where userid = %s"
FLAVOR = "select * from db_flavor_shown where id::text = %s"
BACKENDS = """select * from db_backend where not drained and not offline
    and %s = any(disk_templates)"""
PUBLIC = "select id from db_network where public and floating_ip_pool and not drained limit 1"


def _cache(settings: Any) -> Any:
    return pymemcache.Client(urlsplit(settings.VMAPI_CACHE_BACKEND).netloc, timeout=10)


def _hand_over(settings: Any, parameters: dict[str, Any]) -> str:
    """Keep a machine's secrets in memcached for one reading; returns the URL."""
    key, data = secrets.token_hex(16), json.dumps(parameters)
    if not _cache(settings).set(key, data, expire=3600, noreply=False):
        raise HTTPError(503, f"VMAPI_CACHE_BACKEND [{settings.where('VMAPI_CACHE_BACKEND')}]")
    return f"{settings.CYCLADES_BASE_URL}/vmapi/v1.0/server-params/{key}"


@route("GET", BASE, "/vmapi/v1.0/server-params/<key>")
def server_params(request: Request, key: str) -> Response:
    """A machine's parameters, readable once."""
    cache = _cache(request.settings)
    # Whoever deletes it first may have it, so of two who read at the same time one does.
    if not (data := cache.get(key)) or not cache.delete(key, noreply=False):
        raise HTTPError(404, "No such parameters, or read before")
    return Response(data, mimetype="application/json")


def _charge(settings: Any, user: str, flavor: dict[str, Any], sign: int) -> None:
    sizes = {"vm": 1, "cpu": flavor["cpu"]}
    sizes |= {"ram": flavor["ram"] * 2**20, "disk": flavor["disk"] * 2**30}
    provisions = {f"cyclades.{name}": sign * size for name, size in sizes.items()}
    charge(settings, "CYCLADES", user, provisions)


def _chosen(request: Request, user: str, wanted: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The flavor, the image and a backend that can make it. Raises 404 and 503."""
    flavor = request.db.one(FLAVOR, str(wanted.get("flavorRef")))
    if not flavor:
        raise HTTPError(404, f"Flavor {wanted.get('flavorRef')} does not exist")
    images = {image["id"]: image for image in visible(request.settings, user)}
    if wanted.get("imageRef") not in images:
        raise HTTPError(404, f"Image {wanted.get('imageRef')} does not exist")
    template = flavor["disk_template"]
    if not (backends := request.db.rows(BACKENDS, template)):
        raise HTTPError(503, f"No backend is undrained and offers disk template {template}")
    return flavor, images[wanted["imageRef"]], random.choice(backends)


def _create(request: Request, user: str, wanted: dict[str, Any]) -> dict[str, Any]:
    settings, db = request.settings, request.db
    flavor, image, backend = _chosen(request, user, wanted)
    _charge(settings, user, flavor, 1)
    row = db.insert(
        "db_virtualmachine", name=wanted.get("name", ""), userid=user, imageid=image["id"],
        flavor_id=flavor["id"], backend_id=backend["id"],
    )  # fmt: skip
    password = secrets.token_urlsafe(9)
    secret = {"img_id": f"pithosmap://{image['mapfile']}/{image['size']}", "img_passwd": password}
    secret |= {"img_format": "diskdump", "img_properties": json.dumps(image["properties"])}
    body = {
        "__version__": 1, "mode": "create", "name": f"{settings.BACKEND_PREFIX_ID}{row['id']}",
        "disk_template": flavor["disk_template"], "disks": [{"size": flavor["disk"] * 1024}],
        "nics": [{"network": name_of(request, n["id"]), "ip": "pool"} for n in db.rows(PUBLIC)],
        "os": "snf-image+default", "osparams": {"config_url": _hand_over(settings, secret)},
        "hypervisor": backend["hypervisor"],
        "beparams": {"maxmem": flavor["ram"], "minmem": flavor["ram"], "vcpus": flavor["cpu"]},
        "ip_check": False, "name_check": False, "wait_for_sync": False,
    }  # fmt: skip
    job = int(rapi.of(settings, backend).call("POST", "/instances", body))
    db.change("db_virtualmachine", row["id"], backendjobid=job)
    return {"id": row["id"], "name": row["name"], "status": "BUILD", "adminPass": password}


@route("GET", BASE, "/compute/v2.0/servers", "/compute/v2.0/servers/detail")
def servers(request: Request) -> Any:
    """List the user's machines."""
    sql = "select id, name, status from db_machine where userid = %s order by id"
    return {"servers": request.db.rows(sql, user_of(request))}


@route("POST", BASE, "/compute/v2.0/servers")
def create(request: Request) -> Response:
    """Create a machine: quota, row, then the Ganeti job."""
    wanted = request.get_json().get("server")
    if not isinstance(wanted, dict):
        raise HTTPError(400, "body must be {server: {name, imageRef, flavorRef}}")
    try:
        return as_json({"server": _create(request, user_of(request), wanted)}, 202)
    except requests.RequestException as error:
        raise HTTPError(503, f"Ganeti: {error}") from error


def _machine(request: Request, key: int) -> tuple[dict[str, Any], Any, str]:
    row = request.db.one(f"{MACHINES} and id = %s", user_of(request), key)
    if not row:
        raise HTTPError(404, f"Server {key} does not exist")
    path = f"/instances/{request.settings.BACKEND_PREFIX_ID}{row['id']}"
    return row, rapi.of(request.settings, row), path


@route("DELETE", BASE, "/compute/v2.0/servers/<int:key>")
def delete(request: Request, key: int) -> Response:
    """Delete a machine."""
    row, client, path = _machine(request, key)
    client.call("DELETE", path)
    if row["operstate"] == "ERROR":  # Ganeti may never have had it, so no event would tell
        request.db.change("db_virtualmachine", row["id"], deleted=True)
    _charge(request.settings, row["userid"], row, -1)
    return Response(status=204)


@route("POST", BASE, "/compute/v2.0/servers/<int:key>/action")
def console(request: Request, key: int) -> dict[str, Any]:
    """Have the proxy forward a port to the machine's console; no other action is known."""
    if (request.get_json() or {}).get("console") != {"type": "vnc"}:
        raise HTTPError(400, 'the only action is {"console": {"type": "vnc"}}')
    _, client, path = _machine(request, key)
    instance, options = client.call("GET", path), request.settings.CYCLADES_VNCAUTHPROXY_OPTS[0]
    order = {name: options[name] for name in ("auth_user", "auth_password")}
    order |= {"console_type": "vnc", "source_port": 0, "destination_address": instance["pnode"]}
    order |= {"destination_port": instance["network_port"], "password": secrets.token_hex(4)}
    address = options["server_address"], options["server_port"]
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(json.dumps(order).encode() + b"\n")
        answer = json.loads(connection.makefile().readline())
    if answer["status"] != "OK":
        place = request.settings.where("CYCLADES_VNCAUTHPROXY_OPTS")
        told = f"{answer['reason']} [CYCLADES_VNCAUTHPROXY_OPTS, {place}]"
        raise HTTPError(503, f"vncauthproxy: {told}")
    found = {"type": "vnc", "host": answer["proxy_address"], "port": answer["source_port"]}
    return {"console": found | {"password": order["password"]}}


@route("GET", BASE, "/ui/")
def ui(request: Request) -> str:
    """The Cyclades page: the machines of who is logged in."""
    found = request.db.rows(f"{MACHINES} order by id", visitor(request, "CYCLADES"))
    return page(request.settings, "Cyclades", rows("id name status", found))

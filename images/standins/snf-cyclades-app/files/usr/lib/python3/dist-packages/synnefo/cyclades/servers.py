"""Machines: created in Ganeti through RAPI, their state told by the dispatcher.

Not: more disks, personality, servers that others made, XML. What users see of
machines and volumes is in control.yaml.
"""

import json
import random
import secrets
from typing import Any
from urllib.parse import urlsplit

import pymemcache
from synnefo.cyclades import BASE, rapi
from synnefo.cyclades.images import image_of
from synnefo.cyclades.networks import create_in_backend, name_of
from synnefo.cyclades.quota import taken
from synnefo.webproject.pages import inputs, page, rows
from synnefo.webproject.session import charged, resolve, user_of, visitor
from synnefo.webproject.web import KIND, Fault, Request, Response, as_json, route
from werkzeug.exceptions import NotFound

TOP = "/compute/v2.0/servers"
FLAVOR = "select * from db_flavor_shown where id = %s and allow_create"
BACKENDS = """select * from db_backend where not drained and not offline
    and %s = any(disk_templates)"""
NETWORK = "select (network_of(%s, %s, '')).*"
LOCK = "select 1 from db_virtualmachine where id = %s for update"
FIELDS = """create-vm-name image-name image-public image-url meta-key meta-value network-create-dhcp
    network-create-name project-reassign snapshot-create-name submit-submit-data volume-name"""


def _cache(settings: Any) -> Any:
    return pymemcache.Client(urlsplit(settings.VMAPI_CACHE_BACKEND).netloc, timeout=10)


def _hand_over(settings: Any, parameters: dict[str, Any]) -> str:
    """Keep a machine's secrets in memcached for one reading; returns the URL."""
    key, data = secrets.token_hex(16), json.dumps(parameters)
    if not _cache(settings).set(key, data, expire=3600, noreply=False):
        raise Fault(503, f"VMAPI_CACHE_BACKEND [{settings.where('VMAPI_CACHE_BACKEND')}]")
    return f"{settings.CYCLADES_BASE_URL}/vmapi/v1.0/server-params/{key}"


@route("GET", BASE, "/vmapi/v1.0/server-params/<key>")
def server_params(request: Request, key: str) -> Response:
    """A machine's parameters, readable once."""
    cache = _cache(request.settings)
    # Whoever deletes it first may have it, so of two who read at the same time one does.
    if not (data := cache.get(key)) or not cache.delete(key, noreply=False):
        raise NotFound
    return Response(data, content_type=KIND)


def _chosen(request: Request, user: str, wanted: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The image, the flavor and a backend that can make it. Raises 400, 404 and 503."""
    if not all(key in wanted for key in ("name", "imageRef", "flavorRef")):
        raise Fault(400, "Malformed request")
    key = str(wanted["flavorRef"])
    image = image_of(request.settings, user, str(wanted["imageRef"]), "Image '{}' not found")
    if not key.isdigit():
        raise Fault(400, f"Invalid flavor ID '{key}'")
    if not (flavor := request.db.one(FLAVOR, int(key))):
        raise Fault(404, "Flavor not found.")
    template = flavor["disk_template"]
    if not (backends := request.db.rows(BACKENDS, template)):
        raise Fault(503, f"No backend is undrained and offers disk template {template}")
    return image, flavor, random.choice(backends)


def _add_nic(request: Request, user: str, server: int, network: dict[str, Any], ip: Any) -> Any:
    """Give the machine a port on the network, and return it as Ganeti takes it."""
    db = request.db
    port = db.insert(
        "db_networkinterface", machine_id=server, userid=user, network_id=network["id"]
    )["id"]
    nic = {"name": f"{request.settings.BACKEND_PREFIX_ID}nic-{port}", "ip": None}
    if db.one("select 1 from db_subnet where network_id = %s", network["id"]) or ip:
        own = "select * from db_ipaddress where address = %s and network_id = %s and userid = %s"
        found = ip and db.one(f"{own} and floating_ip and not deleted", ip, network["id"], user)
        if network["public"] and not (found and found["nic_id"] is None):
            raise Fault(409, f"IP address {ip} is no floating IP of yours that is free.")
        if found:
            row = found
        else:
            taken = "select take_address(%s, %s, %s, false) id"
            key = db.rows(taken, user, network["id"], ip)[0]["id"]
            row = db.rows("select * from db_ipaddress where id = %s", key)[0]
        db.change("db_ipaddress", row["id"], nic_id=port)
        nic["ip"] = row["address"]
    return nic | {"network": name_of(request.settings, network["id"])}


def _ready(request: Request, networks: list[dict[str, Any]], backend: dict[str, Any]) -> None:
    """Have Ganeti make the networks that are not active in the backend yet."""
    sql = "select operstate from db_backendnetwork where network_id = %s and backend_id = %s"
    for network in networks:
        row = request.db.one(sql, network["id"], backend["id"])
        if not row or row["operstate"] != "ACTIVE":
            create_in_backend(request.settings, request.db, network["id"], backend)


def _instance(
    settings: Any, row: dict[str, Any], chosen: tuple[dict[str, Any], ...], nics: list[Any],
    volume: int, password: str,
) -> dict[str, Any]:  # fmt: skip
    image, flavor, backend = chosen
    secret = {"img_id": f"pithosmap://{image['mapfile']}/{image['size']}", "img_passwd": password}
    properties = {key.upper(): value for key, value in image["properties"].items()}
    secret |= {"img_format": "diskdump", "img_properties": json.dumps(properties)}
    disk = {"size": flavor["disk"] * 1024, "name": f"{settings.BACKEND_PREFIX_ID}vol-{volume}"}
    return {
        "__version__": 1, "mode": "create", "name": f"{settings.BACKEND_PREFIX_ID}{row['id']}",
        "disk_template": flavor["disk_template"], "disks": [disk], "nics": nics,
        "os": "snf-image+default", "osparams": {"config_url": _hand_over(settings, secret)},
        "hypervisor": backend["hypervisor"],
        "beparams": {"maxmem": flavor["ram"], "minmem": flavor["ram"], "vcpus": flavor["cpu"]},
        "ip_check": False, "name_check": False, "wait_for_sync": False,
    }  # fmt: skip


@route("POST", BASE, TOP)
def create(request: Request) -> Response:
    """Create a machine: rows, quota, then the Ganeti job."""
    user, wanted = user_of(request), request.field("server")
    settings, db, chosen = request.settings, request.db, _chosen(request, user, wanted)
    _, flavor, backend = chosen
    asked = wanted.get("networks") or []
    networks = [db.rows(NETWORK, user, str(one.get("uuid")))[0] for one in asked]
    row = db.insert(
        "db_virtualmachine", name=wanted["name"], userid=user, imageid=wanted["imageRef"],
        flavor_id=flavor["id"], backend_id=backend["id"], task="BUILD",
        metadata=json.dumps(wanted.get("metadata") or {}),
    )  # fmt: skip
    volume = db.insert(
        "db_volume", machine_id=row["id"], userid=user, size=flavor["disk"],
        volume_type_id=flavor["volume_type"], imageid=wanted["imageRef"],
    )  # fmt: skip
    with charged(settings, "CYCLADES", user, taken(flavor, "CREATE")) as serial:
        nics = [
            _add_nic(request, user, row["id"], network, one.get("fixed_ip"))
            for network, one in zip(networks, asked)
        ]
        _ready(request, networks, backend)
        password = secrets.token_urlsafe(9)
        body = _instance(settings, row, chosen, nics, volume["id"], password)
        db.connection.commit()  # for its event may come at once
        db.run(LOCK, row["id"])
        job = int(rapi.of(settings, backend).call("POST", "/instances", body))
    resolve(settings, "CYCLADES", serial, accept=True)
    db.change("db_virtualmachine", row["id"], task_job_id=job)
    shown = db.rows("select body from api_server where id = %s", row["id"])[0]["body"]
    return as_json({"server": shown | {"adminPass": password}}, 202)


def machine_of(request: Request, key: int) -> dict[str, Any]:
    """The user's machine. Raises 404, and 400 for one that was deleted."""
    return request.db.rows("select (server_of(%s, %s)).*", user_of(request), key)[0]


@route("DELETE", BASE, f"{TOP}/<int:key>")
def delete(request: Request, key: int) -> Response:
    """Submit the job; its end is for the dispatcher to note, quota included."""
    settings, row = request.settings, machine_of(request, key)
    if row["task"] == "DESTROY":
        told = "Cannot perform 'DESTROY' action while there is a pending 'DESTROY'."
        raise Fault(400, told)
    name = f"{settings.BACKEND_PREFIX_ID}{row['id']}"
    request.db.run(LOCK, row["id"])
    with charged(settings, "CYCLADES", row["userid"], taken(row, "REMOVE")) as serial:
        job = int(rapi.of(settings, row).call("DELETE", f"/instances/{name}"))
    changed = {"task": "DESTROY", "task_job_id": job, "serial": serial}
    request.db.change("db_virtualmachine", row["id"], **changed)
    return Response("", 204, content_type=KIND)


@route("GET", BASE, "/ui/")
def ui(request: Request) -> str:
    """The Cyclades page, for everybody; who is logged in sees their machines."""
    user, text = (
        visitor(request, "CYCLADES"),
        inputs([*FIELDS.split(), "model.id|prefix firewall-"]),
    )
    sql = "select * from db_machine where userid = %s and not deleted order by id"
    return page(
        request.settings, "Synnefo", rows("id name status", request.db.rows(sql, user)) + text
    )

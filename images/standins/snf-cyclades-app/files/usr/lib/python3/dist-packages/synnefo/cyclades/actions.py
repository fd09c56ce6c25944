"""What is done to a running machine: started, stopped, looked at, given an address; networks go."""

import json
import secrets
import socket
from typing import Any

from synnefo.cyclades import BASE, rapi
from synnefo.cyclades.networks import remove_from_backends
from synnefo.cyclades.servers import NETWORK, TOP, add_nic, machine_of, order
from synnefo.webproject.session import charge, user_of
from synnefo.webproject.web import KIND, Fault, Request, Response, as_json, route

CONSOLES = "vnc", "vnc-ws", "vnc-wss"


@route("POST", BASE, f"{TOP}/<int:key>/action")
def act(request: Request, key: int) -> Response:
    """Start, shut down or reboot a machine, or show its console."""
    row, wanted = machine_of(request, key), request.content()
    if not isinstance(wanted, dict) or not wanted:
        raise Fault(400, "Malformed Request.")
    name, details = next(iter(wanted.items()))
    if name == "console":
        return _console(request, row, details or {})
    ways = {"start": ("START", "startup"), "shutdown": ("STOP", "shutdown")}
    ways["reboot"] = ("REBOOT", "reboot")
    if name not in ways:
        raise Fault(400, f"Action {name} not supported")
    task, path = ways[name]
    if row["operstate"] != ("STOPPED" if task == "START" else "STARTED"):
        told = f"Cannot perform '{task}' action while server is in '{row['operstate']}' state."
        raise Fault(400, told)
    method = "POST" if task == "REBOOT" else "PUT"
    order(request, row, task, method, f"/{path}", {} if method == "PUT" else None)
    return Response("", 202, content_type=KIND)


def _console(request: Request, row: dict[str, Any], details: dict[str, Any]) -> Response:
    """Have the proxy forward a port to the machine's console. An error of it is a 500."""
    if details.get("type") not in CONSOLES:
        raise Fault(400, f"Supported types: {', '.join(CONSOLES)}")
    if details["type"] != "vnc":
        raise Fault(501, "The stand-in's proxy has no web sockets")
    settings = request.settings
    path = f"/instances/{settings.BACKEND_PREFIX_ID}{row['id']}"
    instance = rapi.of(settings, row).call("GET", path)
    options = settings.CYCLADES_VNCAUTHPROXY_OPTS[0]
    wanted = {name: options[name] for name in ("auth_user", "auth_password")}
    wanted |= {"console_type": "vnc", "source_port": 0, "destination_address": instance["pnode"]}
    wanted |= {"destination_port": instance["network_port"], "password": secrets.token_hex(4)}
    address = options["server_address"], options["server_port"]
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(json.dumps(wanted).encode() + b"\n")
        answer = json.loads(connection.makefile().readline())
    if answer["status"] != "OK":
        place = settings.where("CYCLADES_VNCAUTHPROXY_OPTS")
        told = f"{answer['reason']} [CYCLADES_VNCAUTHPROXY_OPTS, {place}]"
        raise RuntimeError(f"vncauthproxy: {told}")
    found = {"type": "vnc", "host": answer["proxy_address"], "port": answer["source_port"]}
    return as_json({"console": found | {"password": wanted["password"]}})


@route("DELETE", BASE, "/network/v2.0/networks/<key>")
def delete_network(request: Request, key: str) -> Response:
    """Delete a network that no machine has."""
    user, told = (
        user_of(request),
        "Cannot delete network. There are ports still configured on network",
    )
    row = request.db.rows("select (network_of(%s, %s, 'delete')).*", user, key)[0]
    if request.db.one("select 1 from db_networkinterface where network_id = %s", row["id"]):
        raise Fault(409, f"{told} network {key}")
    remove_from_backends(request.settings, request.db, row["id"])
    charge(request.settings, "CYCLADES", user, {"cyclades.network.private": -1})
    return Response("", 204, content_type=KIND)


@route("POST", BASE, "/network/v2.0/ports")
def attach(request: Request) -> Response:
    """Give a machine a port, with the floating address that is named."""
    user, wanted = user_of(request), request.field("port")
    network = request.db.rows(NETWORK, user, str(wanted.get("network_id", "")))[0]
    row = machine_of(request, int(wanted.get("device_id") or 0))
    fixed = (wanted.get("fixed_ips") or [{}])[0].get("ip_address")
    nic = add_nic(request, user, row["id"], network, fixed)
    request.db.connection.commit()
    order(request, row, "CONNECT", "PUT", "/modify", {"nics": [["add", "-1", nic]]})
    sql = "select body from api_port where userid = %s order by id desc limit 1"
    return as_json({"port": request.db.rows(sql, user)[0]["body"]}, 201)

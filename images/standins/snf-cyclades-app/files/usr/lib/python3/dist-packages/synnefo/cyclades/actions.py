"""A machine's console, and how networks go.

Not: starting and stopping machines, giving them an address, resizing, firewalls.
"""

import json
import secrets
import socket
from typing import Any

from synnefo.cyclades import BASE, rapi
from synnefo.cyclades.networks import remove_from_backends
from synnefo.cyclades.servers import TOP, machine_of
from synnefo.webproject.session import charge, user_of
from synnefo.webproject.web import KIND, Fault, Request, Response, as_json, route

CONSOLES = "vnc", "vnc-ws", "vnc-wss"


@route("POST", BASE, f"{TOP}/<int:key>/action")
def act(request: Request, key: int) -> Response:
    """Show a machine's console."""
    row, wanted = machine_of(request, key), request.content()
    if not isinstance(wanted, dict) or not wanted:
        raise Fault(400, "Malformed Request.")
    name, details = next(iter(wanted.items()))
    if name != "console":
        raise Fault(501, "The stand-in's machines are made, looked at and deleted")
    return _console(request, row, details or {})


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

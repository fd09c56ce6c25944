"""What users do to networks, subnets and floating addresses. What they see is in control.yaml.

Not: IPv6, a port's own changes and removal, reassignment to other projects.
"""

import ipaddress
from typing import Any

from synnefo.cyclades import BASE
from synnefo.cyclades.networks import FLAVORS, check_subnet, remove_from_backends
from synnefo.webproject.session import charge, user_of
from synnefo.webproject.web import Fault, Request, Response, as_json, route

TOP = "/network/v2.0"
KIND = "application/json; charset=UTF-8"
POOL = """update db_pooltable set used = used + 1 where type = 'mac-prefix' returning base, used"""


def network_of(request: Request, user: str, key: str, *, own: bool = False) -> dict[str, Any]:
    """A network the user may see, or change. Raises 400, 403 and 404."""
    if not str(key).isdigit():
        raise Fault(400, f"Invalid network ID '{key}'")
    sql = "select * from db_network where id = %s and not deleted and (public or userid = %s)"
    if not (row := request.db.one(sql, int(key), user)):
        raise Fault(404, f"Network {key} not found.")
    if own and row["public"]:
        doing = {"DELETE": "delete", "PUT": "rename"}.get(request.method, "change")
        raise Fault(403, f"Cannot {doing} the public network.")
    return row


def _shown(request: Request, kind: str, key: Any, status: int) -> Response:
    row = request.db.rows(f"select body from api_{kind} where id = %s", key)[0]
    return as_json({kind: row["body"]}, status)


@route("POST", BASE, f"{TOP}/networks")
def create(request: Request) -> Response:
    """Make a private network; Ganeti hears of it when a machine has it."""
    user, wanted, settings = user_of(request), request.field("network"), request.settings
    kind = wanted.get("type")
    if not kind:
        raise Fault(400, "Malformed request. Missing attribute 'type'.")
    if kind not in FLAVORS.split("|"):
        raise Fault(400, f"Invalid network type '{kind}'")
    if kind != "MAC_FILTERED":
        raise Fault(403, f"Cannot create network of type '{kind}'.")
    if not (pool := request.db.one(POOL)):
        raise Fault(503, "There is no pool of MAC prefixes: run pool-create")
    digits = f"{int(pool['base'].replace(':', ''), 16) * 16 + pool['used']:06x}"
    row = request.db.insert(
        "db_network", name=wanted.get("name", ""), userid=user, flavor=kind, mode="bridged",
        link=settings.DEFAULT_MAC_FILTERED_BRIDGE,
        mac_prefix=":".join((digits[:2], digits[2:4], digits[4:])),
    )  # fmt: skip
    charge(settings, "CYCLADES", user, {"cyclades.network.private": 1})
    return _shown(request, "network", row["id"], 201)


@route("PUT", BASE, f"{TOP}/networks/<key>")
def rename(request: Request, key: str) -> Response:
    """Give a network another name."""
    row, name = network_of(request, user_of(request), key, own=True), request.field("network")
    sql = "update db_network set name = %s, updated = now() where id = %s"
    request.db.run(sql, name.get("name", row["name"]), row["id"])
    return _shown(request, "network", row["id"], 200)


@route("DELETE", BASE, f"{TOP}/networks/<key>")
def delete(request: Request, key: str) -> Response:
    """Delete a network that no machine has."""
    user = user_of(request)
    row = network_of(request, user, key, own=True)
    if request.db.one("select 1 from db_networkinterface where network_id = %s", row["id"]):
        told = "Cannot delete network. There are ports still configured on network network"
        raise Fault(409, f"{told} {key}")
    remove_from_backends(request.settings, request.db, row["id"])
    charge(request.settings, "CYCLADES", user, {"cyclades.network.private": -1})
    return Response("", 204, content_type=KIND)


@route("POST", BASE, f"{TOP}/subnets")
def create_subnet(request: Request) -> Response:
    """Give a network its addresses."""
    user, wanted = user_of(request), request.field("subnet")
    network = network_of(request, user, wanted.get("network_id", ""), own=True)
    cidr = str(wanted.get("cidr"))
    try:
        net = check_subnet(cidr, wanted.get("gateway_ip"))
    except ValueError as error:
        told = f"{error} '{cidr}'" if str(error) == "Malformed CIDR" else str(error)
        raise Fault(400, told) from error
    if request.db.one("select 1 from db_subnet where network_id = %s", network["id"]):
        raise Fault(400, "Only one subnet of IPv4/IPv6 per network is allowed")
    row = request.db.insert(
        "db_subnet", network_id=network["id"], userid=user, name=wanted.get("name", ""), cidr=cidr,
        gateway=wanted.get("gateway_ip") or str(net[1]), dhcp=wanted.get("enable_dhcp", True),
    )  # fmt: skip
    return _shown(request, "subnet", row["id"], 201)


@route("DELETE", BASE, f"{TOP}/subnets/<key>")
def delete_subnet(request: Request, **_: str) -> None:
    """Nobody may."""
    user_of(request)
    raise Fault(400, "Deletion of a subnet is not supported")


@route("POST", BASE, f"{TOP}/floatingips")
def create_floatingip(request: Request) -> Response:
    """Take an address, or the one that is named, out of a public network."""
    user, wanted, db = user_of(request), request.field("floatingip"), request.db
    if key := wanted.get("floating_network_id"):
        network = network_of(request, user, key)["id"]
    else:
        sql = "select min(id) id from db_network where floating_ip_pool and not drained"
        if not (network := db.rows(f"{sql} and not deleted")[0]["id"]):
            raise Fault(409, "No floating IP pool is available.")
    row = take(request, user, network, wanted.get("floating_ip_address"), floating=True)
    charge(request.settings, "CYCLADES", user, {"cyclades.floating_ip": 1})
    return _shown(request, "floatingip", row["id"], 200)


def take(
    request: Request, user: str, network: int, address: str | None, *, floating: bool = False
) -> dict[str, Any]:
    """An address of the network, the one given or any free one. Raises 400 and 409."""
    sql = "select id, cidr, free_address(%s) free from db_subnet where network_id = %s"
    if not (subnet := request.db.one(sql, network, network)):
        raise Fault(409, f"Network {network} has no addresses")
    used = "select 1 from db_ipaddress where network_id = %s and address = %s and not deleted"
    if address and ipaddress.ip_address(address) not in ipaddress.ip_network(subnet["cidr"]):
        raise Fault(400, f"Address {address} is not in network {network}")
    if not (free := address or subnet["free"]) or request.db.one(used, network, free):
        raise Fault(409, f"IP address {free} is already used.")
    return request.db.insert(
        "db_ipaddress", address=free, network_id=network, subnet_id=subnet["id"], userid=user,
        floating_ip=floating,
    )  # fmt: skip


@route("DELETE", BASE, f"{TOP}/floatingips/<int:key>")
def delete_floatingip(request: Request, key: int) -> Response:
    """Give an address back that no machine has."""
    user, sql = user_of(request), "select body from api_floatingip where id = %s and userid = %s"
    if not (row := request.db.one(sql, key, user)):
        raise Fault(404, f"Floating IP with ID {key} does not exist.")
    if server := row["body"]["instance_id"]:
        raise Fault(409, f"IP '{key}' is used by server '{server}'")
    request.db.change("db_ipaddress", key, deleted=True)
    charge(request.settings, "CYCLADES", user, {"cyclades.floating_ip": -1})
    return Response("", 204, content_type=KIND)

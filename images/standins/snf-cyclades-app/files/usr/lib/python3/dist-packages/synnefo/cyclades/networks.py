"""Networks and pools: commands and API."""

import ipaddress
from typing import Any

import requests
from snf_django import output
from snf_django.commands import CommandError, command, say
from synnefo.cyclades import rapi
from synnefo.cyclades.session import BASE, user_of
from synnefo.webproject.web import HTTPError, Request, Response, route

OPTIONS = """--name= --user= --subnet= --gateway= --subnet6= --gateway6= --dhcp=bool --public
    --flavor= --mode= --link= --mac-prefix= --tags= --floating-ip-pool=bool --allocation-pool=*
    --drained=bool"""
FLAVORS = {"CUSTOM", "MAC_FILTERED", "IP_LESS_ROUTED", "PHYSICAL_VLAN"}


def name_of(context: Any, network: int) -> str:
    """The network's name in Ganeti."""
    return f"{context.settings.BACKEND_PREFIX_ID}net-{network}"


def create_in_backend(context: Any, network: dict[str, Any], backend: dict[str, Any]) -> None:
    """Submit the jobs that make the network and connect it to all node groups."""
    client, name = rapi.of(context.settings, backend), name_of(context, network["id"])
    tags = [f"synnefo:network:{network['id']}:{'public' if network['public'] else 'private'}"]
    tags = [*tags, *(["nfdhcpd"] if network["dhcp"] else [])]
    tags += ["private-filtered"] if network["flavor"] == "MAC_FILTERED" else []
    body = {"network_name": name, "network": network["subnet"], "gateway": network["gateway"]}
    mac = None if network["public"] else network["mac_prefix"]
    job = int(client.call("POST", "/networks", body | {"mac_prefix": mac, "tags": tags}))
    for group in client.call("GET", "/groups"):
        body = {"group_name": group["name"] if isinstance(group, dict) else group}
        body |= {"network_mode": network["mode"], "network_link": network["link"]}
        body |= {"conflicts_check": network["public"], "depends": [[job, ["success"]]]}
        last = int(client.call("PUT", f"/networks/{name}/connect", body))
    sql = """insert into db_backendnetwork (network_id, backend_id, backendjobid, backendopcode,
        backendjobstatus) values (%s, %s, %s, 'OP_NETWORK_CONNECT', 'queued')
        on conflict (network_id, backend_id) do update set backendjobid = excluded.backendjobid"""
    context.db.run(sql, network["id"], backend["id"], last)


def create(context: Any, **values: Any) -> dict[str, Any]:
    """Record a network and make it in all backends that are online."""
    marks = ", ".join(["%s"] * len(values))
    sql = f"insert into db_network ({', '.join(values)}) values ({marks}) returning *"
    network: dict[str, Any] = context.db.one(sql, *values.values())
    for backend in context.db.rows("select * from db_backend where not offline"):
        create_in_backend(context, network, backend)
    return network


def _subnets(network: dict[str, Any]) -> None:
    fields = "ID", "Name", "Version", "CIDR", "Gateway", "DHCP", "Deleted"
    values = [network["id"], f"IPv4 Subnet of Network {network['id']}", 4, network["subnet"]]
    values += [network["gateway"], network["dhcp"], False]
    print(f"Subnets of network {network['id']}")
    output.table(fields, [dict(zip(fields, values, strict=True))], "pretty", True)


@command("network-create", "", OPTIONS)
def network_create(context: Any, _: list[str], options: Any) -> None:
    """Create a network. Not idempotent: again makes a second one, as upstream."""
    if not options.name or not options.subnet or options.flavor not in FLAVORS:
        raise CommandError(
            f"name, subnet and a flavor of {', '.join(sorted(FLAVORS))} are required"
        )
    if options.public and not (options.mode and options.link) and options.flavor == "CUSTOM":
        raise CommandError("a CUSTOM network needs mode and link")
    try:
        subnet = ipaddress.ip_network(options.subnet)
        if options.gateway and ipaddress.ip_address(options.gateway) not in subnet:
            raise CommandError(f"Gateway {options.gateway} is not in {subnet}")
    except ValueError as error:
        raise CommandError(str(error)) from error
    network = create(
        context, name=options.name, userid=options.user, subnet=options.subnet,
        gateway=options.gateway, public=options.public, dhcp=options.dhcp is not False,
        flavor=options.flavor, mode=options.mode, link=options.link, tags=options.tags,
        mac_prefix=options.mac_prefix or context.settings.DEFAULT_MAC_PREFIX,
        floating_ip_pool=bool(options.floating_ip_pool), drained=bool(options.drained),
    )  # fmt: skip
    _subnets(network)
    print("\nSuccessfully issued job to create network in backends")


@command("network-inspect", "ID", "--backends=bool --display-mails")
def network_inspect(context: Any, arguments: list[str], _: Any) -> None:
    """Show a network and its state in each backend."""
    network = context.db.one("select * from db_network where id::text = %s", arguments[0])
    if not network:
        raise CommandError(f"Network with ID {arguments[0]} does not exist.")
    output.record(network, "pretty")
    _subnets(network)
    sql = """select clustername "Backend", operstate "State", false "Deleted", backendjobid "JobID",
        backendopcode "Opcode", backendjobstatus "JobStatus" from db_backendnetwork
        join db_backend b on b.id = backend_id where network_id = %s"""
    print(f"State of Network {network['id']} in DB for each backend")
    fields = "Backend", "State", "Deleted", "JobID", "Opcode", "JobStatus"
    output.table(fields, context.db.rows(sql, network["id"]), "pretty", True)


@command("reconcile-networks", "", "--fix-all --conflicting-ips")
def reconcile_networks(context: Any, _: list[str], options: Any) -> None:
    """Compare with Ganeti: findings are lines that begin with D:, repairs with F:."""
    for backend in context.db.rows("select * from db_backend where not offline"):
        there = rapi.of(context.settings, backend).call("GET", "/networks")
        names = {item["name"] if isinstance(item, dict) else item for item in there}
        for network in context.db.rows("select * from db_network where public"):
            if name_of(context, network["id"]) in names:
                sql = "update db_backendnetwork set operstate = 'ACTIVE' where network_id = %s"
                context.db.run(f"{sql} and backend_id = %s", network["id"], backend["id"])
                continue
            say(f"D: network {network['id']} does not exist in {backend['clustername']}")
            if options.fix_all:
                create_in_backend(context, network, backend)
                say(f"F: network {network['id']}: issued jobs to create it")


@command("pool-create", "", "--type= --size=int --base= --offset=int")
def pool_create(context: Any, _: list[str], options: Any) -> None:
    """Create the one pool of a type."""
    if options.type not in ("mac-prefix", "bridge") or not options.size:
        raise CommandError("type (mac-prefix or bridge) and size are required")
    if context.db.one("select 1 from db_pooltable where type = %s", options.type):
        raise CommandError(f"Pool of type {options.type} already exists")
    base = options.base or context.settings.DEFAULT_MAC_PREFIX
    sql = 'insert into db_pooltable (type, size, base, "offset") values (%s, %s, %s, %s)'
    context.db.run(sql, options.type, options.size, base, options.offset)


@command("pool-list", "", "--type=")
def pool_list(context: Any, *_: Any) -> None:
    """List the pools in upstream's hand-made table."""
    for title, kind in (("BridgePool", "bridge"), ("MacPrefixPool", "mac-prefix")):
        print(title + "\n" + "-" * 80)
        names = ("id", "size", "base", "offset", "available", "reserved")
        print("".join(name.rjust(12) for name in names) + "\n" + "-" * 80)
        for row in context.db.rows("select * from db_pooltable where type = %s", kind):
            values = row | {"available": row["size"] - row["used"], "reserved": row["used"]}
            print("".join(str(values[name]).rjust(12) for name in names))


def _mac_prefix(db: Any) -> str:
    sql = "update db_pooltable set used = used + 1 where type = 'mac-prefix' and used < size"
    if not (row := db.one(f"{sql} returning base, used")):
        raise HTTPError(503, "no MAC prefix: run pool-create --type=mac-prefix")
    start = int(row["base"].replace(":", ""), 16) + row["used"]
    return ":".join(f"{start << 4 >> shift & 255:02x}"[:2] for shift in (16, 8, 0))


@route("GET|POST", BASE, r"/network/v2\.0/networks/?")
def networks(request: Request) -> Any:
    """List the user's and the public networks, or create a private one."""
    user = user_of(request)
    if request.method == "GET":
        sql = "select * from db_network where public or userid = %s order by id"
        rows = request.db.rows(sql, user)
        return {"networks": [{k: str(row[k]) for k in row} for row in rows]}
    wanted = (request.json() or {}).get("network", {})
    if wanted.get("type") != "MAC_FILTERED":
        raise HTTPError(400, "network.type must be MAC_FILTERED")
    try:
        network = create(
            request, name=wanted.get("name", ""), userid=user, public=False, dhcp=True,
            subnet=wanted.get("subnet", "192.168.1.0/24"), gateway=None, flavor="MAC_FILTERED",
            mode="bridged", link=request.settings.DEFAULT_MAC_FILTERED_BRIDGE,
            mac_prefix=_mac_prefix(request.db), floating_ip_pool=False,
        )  # fmt: skip
    except requests.RequestException as error:
        raise HTTPError(503, f"Ganeti: {error}") from error
    return Response({"network": {k: str(network[k]) for k in network}}, 201)

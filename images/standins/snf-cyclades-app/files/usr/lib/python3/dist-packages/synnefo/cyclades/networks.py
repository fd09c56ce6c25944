"""Networks in Ganeti, and the commands on them.

Not: IPv6, what network-modify and subnet commands do, questions before something is removed.
"""

import ipaddress
from typing import Any

import requests
from snf_django import output
from snf_django.commands import CommandError, command, say
from synnefo.cyclades import events, rapi

FLAVORS = "CUSTOM|MAC_FILTERED|IP_LESS_ROUTED|PHYSICAL_VLAN"
OPTIONS = f"""--name= --user= --subnet= --gateway= --dhcp=bool --public --flavor={FLAVORS}
    --mode= --link= --mac-prefix= --tags= --floating-ip-pool=bool --drained=bool"""
ONLINE = "select * from db_backend where not offline order by id"
WITH_SUBNET = """select n.*, cidr, host(gateway) gateway, coalesce(dhcp, true) dhcp
    from db_network n left join db_subnet s on s.network_id = n.id where n.id = %s"""
COLUMNS = "ID", "Name", "Version", "CIDR", "Gateway", "DHCP", "Deleted"
IN_GANETI = """network reserved_count tags external_reservations mac_prefix free_count uuid
    group_list inst_list gateway name"""
STATES = "Backend", "State", "Deleted", "JobID", "Opcode", "JobStatus"


def name_of(settings: Any, network: int) -> str:
    """The network's name in Ganeti."""
    return f"{settings.BACKEND_PREFIX_ID}net-{network}"


def create_in_backend(settings: Any, db: Any, number: int, backend: dict[str, Any]) -> None:
    """Submit the jobs that make the network and connect it to all node groups.

    That they ended is for eventd to tell: until then the backend network is PENDING. What was
    written so far is committed, for an event may come at once.
    """
    sql = "insert into db_backendnetwork (network_id, backend_id) values (%s, %s)"
    db.run(f"{sql} on conflict do nothing", number, backend["id"])
    db.connection.commit()
    network, name = db.one(WITH_SUBNET, number), name_of(settings, number)
    client = rapi.of(settings, backend)
    tags = ["nfdhcpd"] if network["dhcp"] else []
    tags += ["private-filtered"] if network["flavor"] == "MAC_FILTERED" else []
    tags.append("public" if network["public"] else "private")
    body = {"network_name": name, "network": network["cidr"], "gateway": network["gateway"]}
    mac = None if network["public"] else network["mac_prefix"]
    job = int(client.call("POST", "/networks", body | {"mac_prefix": mac, "tags": tags}))
    for group in client.call("GET", "/groups"):
        _connect(client, name, network, group["name"], [[job, ["success"]]])


def _connect(client: rapi.Rapi, name: str, network: Any, group: str, depends: list[Any]) -> None:
    body = {"group_name": group, "network_mode": network["mode"], "depends": depends}
    body |= {"network_link": network["link"], "conflicts_check": network["public"]}
    client.call("PUT", f"/networks/{name}/connect", body)


def remove_from_backends(settings: Any, db: Any, number: int) -> None:
    """Submit the jobs that remove the network; where no backend has it, it is gone at once."""
    db.run("update db_network set action = 'DESTROY', drained = public where id = %s", number)
    db.connection.commit()
    name, sql = name_of(settings, number), "select backend_id from db_backendnetwork"
    rows = db.rows(f"{sql} where network_id = %s and not deleted", number)
    for backend in [
        db.one("select * from db_backend where id = %s", r["backend_id"]) for r in rows
    ]:
        client, jobs = rapi.of(settings, backend), []
        for group in client.call("GET", "/groups"):
            body = {"group_name": group["name"]}
            jobs.append(int(client.call("PUT", f"/networks/{name}/disconnect", body)))
        client.call(
            "DELETE", f"/networks/{name}", {"depends": [[job, ["success"]] for job in jobs]}
        )
    if not rows:
        events.delete_network(db, number)


def check_subnet(cidr: str, gateway: Any) -> ipaddress.IPv4Network:
    """The subnet. Raises ValueError with what is wrong."""
    try:
        net = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise ValueError("Malformed CIDR") from error
    if gateway and ipaddress.ip_address(gateway) not in net:
        raise ValueError("Invalid network IPv4 gateway")
    return net


@command("network-create", "", OPTIONS)
def network_create(context: Any, _: list[str], options: Any) -> None:
    """Create a network in all backends. Not idempotent: again makes a second one, as upstream."""
    db, settings = context.db, context.settings
    for name in ("flavor", "name"):
        if not getattr(options, name):
            raise CommandError(f"{name} is required")
    keys = "name", "public", "flavor", "mode", "tags"
    values = {key: getattr(options, key) for key in keys} | {"userid": options.user}
    values["mac_prefix"] = options.mac_prefix or settings.DEFAULT_MAC_PREFIX
    values["link"] = options.link or settings.DEFAULT_BRIDGE
    values |= {"floating_ip_pool": bool(options.floating_ip_pool), "drained": bool(options.drained)}
    network = db.insert("db_network", **values)["id"]
    db.connection.commit()  # a subnet that is refused leaves the network behind
    if options.subnet:
        try:
            check_subnet(options.subnet, options.gateway)
        except ValueError as error:
            raise CommandError(str(error)) from error
        subnet = {"network_id": network, "name": f"IPv4 Subnet of Network {network}"}
        subnet |= {"cidr": options.subnet, "gateway": options.gateway}
        db.insert("db_subnet", **subnet, dhcp=options.dhcp is not False)
    for backend in db.rows(ONLINE):
        create_in_backend(settings, db, network, backend)
    print(f"Created network '<Network: {network}>' in DB:")
    _show(settings, db, network)
    print("\nSuccessfully issued job to create network in backends")


def _show(settings: Any, db: Any, number: int) -> None:
    sql = "select * from db_network_shown where id = %s"
    shown = db.rows(sql, number)[0] | {"backend-name": name_of(settings, number)}
    output.card(f"State of Network {shown.pop('id')} in DB", shown)
    rows = db.rows("select * from db_subnet_shown where network_id = %s", number)
    output.table(rows, COLUMNS, title=f"Subnets of network {number}", between=" | ")


def _known(db: Any, word: str) -> int:
    if not word.isdigit():
        raise CommandError(f"Invalid Network ID: {word}")
    if db.one("select 1 from db_network where id = %s", int(word)):
        return int(word)
    hint = "Use network-list to find out available network IDs."
    raise CommandError(f"Network with ID {word} does not exist. {hint}")


@command("network-inspect", "[ID]")
def network_inspect(context: Any, arguments: list[str], _: Any) -> None:
    """Show a network and its state in each backend, and in Ganeti."""
    if not arguments:
        raise CommandError("Please provide a network ID.")
    db, number = context.db, _known(context.db, arguments[0])
    _show(context.settings, db, number)
    rows = db.rows("select * from db_backendnetwork_shown where network_id = %s", number)
    output.table(
        rows, STATES, title=f"State of Network {number} in DB for each backend", between=" | "
    )
    for backend in db.rows(ONLINE):
        client, name = rapi.of(context.settings, backend), name_of(context.settings, number)
        try:
            found = client.call("GET", f"/networks/{name}")
        except requests.HTTPError:
            print(f"Network does not exist in backend {backend['clustername']}")
            continue
        keys = IN_GANETI.split()
        title = f"State of network in backend: {backend['clustername']}"
        output.card(title, {key: str(found.get(key)) for key in keys}, between="   ")


@command("network-remove", "ID+", "-f/--force")
def network_remove(context: Any, arguments: list[str], options: Any) -> None:
    """Remove networks; the stand-in asks nothing and so wants --force."""
    if not options.force:
        raise CommandError("The stand-in asks nobody whether they are sure: use --force")
    for word in arguments:
        print()
        try:
            number = _known(context.db, word)
        except CommandError as error:
            print(f"Error -- {error}")
            continue
        name = name_of(context.settings, number)
        print(f"Removing network: {name}")
        remove_from_backends(context.settings, context.db, number)
        print(f"Successfully submitted Ganeti jobs to remove network {name}")


@command("reconcile-networks", "", "--fix-all")
def reconcile_networks(context: Any, _: list[str], options: Any) -> None:
    """Compare with Ganeti: findings are lines that begin with D:, repairs with F:.

    Without --fix-all nothing is repaired; with it, events that were lost are made up for.
    """
    db, settings = context.db, context.settings
    for backend in db.rows(ONLINE):
        client = rapi.of(settings, backend)
        there = {one["name"]: one for one in client.call("GET", "/networks?bulk=1")}
        groups = {group["name"] for group in client.call("GET", "/groups")}
        place = f"{backend['clustername']}(id:{backend['id']})"
        sql = """select n.id, action, operstate from db_network n join db_backendnetwork b
            on n.id = network_id where backend_id = %s and not n.deleted order by n.id"""
        for row in db.rows(sql, backend["id"]):
            where = f"network <Network: {row['id']}> in backend {place}"
            found = there.get(name_of(settings, row["id"]))
            if not found:
                say(f"D: Stale DB entry for {where}")
                if options.fix_all:
                    _repair(settings, db, row, backend)
            elif left := groups - {group[0] for group in found["group_list"]}:
                _reconcile_hanging(context, client, row["id"], sorted(left), options.fix_all)
            elif row["operstate"] != "ACTIVE":
                say(f"D: Unsynced {where}")
                if options.fix_all:
                    say("F: Issuing OP_NETWORK_CONNECT")
                    made = events.made_up("CONNECT")
                    events.on_network(db, settings, row["id"], backend["id"], made)


def _reconcile_hanging(
    context: Any, client: rapi.Rapi, number: int, groups: list[str], fix: bool
) -> None:
    network, name = context.db.one(WITH_SUBNET, number), name_of(context.settings, number)
    say(f"D: Network <Network: {number}> is not connected to the following groups:")
    say("-  " + "\n-  ".join(groups))
    for group in groups if fix else ():
        say(f"F: Connecting network <Network: {number}> to nodegroup {group}")
        _connect(client, name, network, group, [])


def _repair(settings: Any, db: Any, row: dict[str, Any], backend: dict[str, Any]) -> None:
    if row["action"] == "DESTROY":
        events.on_network(db, settings, row["id"], backend["id"], events.made_up("REMOVE"))
        say("F: Reconciled event: OP_NETWORK_REMOVE")
    else:
        create_in_backend(settings, db, row["id"], backend)
        say(f"F: Issued job to create network <Network: {row['id']}>")

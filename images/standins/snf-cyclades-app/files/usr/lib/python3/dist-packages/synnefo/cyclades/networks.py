"""Networks and pools."""

from typing import Any

from snf_django import output
from snf_django.commands import CommandError, command, say
from synnefo.cyclades import rapi

OPTIONS = """--name= --user= --subnet= --gateway= --subnet6= --gateway6= --dhcp=bool --public
    --flavor= --mode= --link= --mac-prefix= --tags= --floating-ip-pool=bool --allocation-pool=*
    --drained=bool"""
ONLINE = "select * from db_backend where not offline"
SUBNETS = 'select * from db_subnet_shown where "ID" = %s'


def name_of(context: Any, network: int) -> str:
    """The network's name in Ganeti."""
    return f"{context.settings.BACKEND_PREFIX_ID}net-{network}"


def create_in_backend(context: Any, network: dict[str, Any], backend: dict[str, Any]) -> None:
    """Submit the jobs that make the network and connect it to all node groups."""
    client, name = rapi.of(context.settings, backend), name_of(context, network["id"])
    tags = [f"synnefo:network:{network['id']}:{'public' if network['public'] else 'private'}"]
    tags += ["nfdhcpd"] if network["dhcp"] else []
    tags += ["private-filtered"] if network["flavor"] == "MAC_FILTERED" else []
    body = {"network_name": name, "network": network["subnet"], "gateway": network["gateway"]}
    mac = None if network["public"] else network["mac_prefix"]
    job = int(client.call("POST", "/networks", body | {"mac_prefix": mac, "tags": tags}))
    for group in client.call("GET", "/groups"):
        body = {"group_name": group["name"], "network_mode": network["mode"]}
        body |= {"network_link": network["link"], "conflicts_check": network["public"]}
        body["depends"] = [[job, ["success"]]]
        last = int(client.call("PUT", f"/networks/{name}/connect", body))
    sql = """insert into db_backendnetwork (network_id, backend_id, backendjobid, backendopcode,
        backendjobstatus) values (%s, %s, %s, 'OP_NETWORK_CONNECT', 'queued')
        on conflict (network_id, backend_id) do update set backendjobid = excluded.backendjobid"""
    context.db.run(sql, network["id"], backend["id"], last)


@command("network-create", "", OPTIONS)
def network_create(context: Any, _: list[str], options: Any) -> None:
    """Create a network in all backends. Not idempotent: again makes a second one, as upstream."""
    keys = "name", "subnet", "gateway", "public", "flavor", "mode", "link", "tags"
    values = {key: getattr(options, key) for key in keys} | {"userid": options.user}
    values |= {"dhcp": options.dhcp is not False, "drained": bool(options.drained)}
    values["mac_prefix"] = options.mac_prefix or context.settings.DEFAULT_MAC_PREFIX
    values["floating_ip_pool"] = bool(options.floating_ip_pool)
    network = context.db.insert("db_network", **values)
    for backend in context.db.rows(ONLINE):
        create_in_backend(context, network, backend)
    output.table(context.db.rows(SUBNETS, network["id"]))
    print("\nSuccessfully issued job to create network in backends")


@command("network-inspect", "ID", "--backends=bool --display-mails")
def network_inspect(context: Any, arguments: list[str], _: Any) -> None:
    """Show a network and its state in each backend."""
    network = context.db.one("select * from db_network where id::text = %s", arguments[0])
    if not network:
        raise CommandError(f"Network with ID {arguments[0]} does not exist.")
    output.record(network)
    output.table(context.db.rows(SUBNETS, network["id"]))
    print(f"State of Network {network['id']} in DB for each backend")
    states = 'select * from db_backendnetwork_shown where "Network" = %s'
    output.table(context.db.rows(states, network["id"]))


@command("reconcile-networks", "", "--fix-all --conflicting-ips")
def reconcile_networks(context: Any, _: list[str], options: Any) -> None:
    """Compare with Ganeti: findings are lines that begin with D:, repairs with F:."""
    for backend in context.db.rows(ONLINE):
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

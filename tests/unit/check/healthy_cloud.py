"""What scripts/check says of Synnefo on a node in perfect order: pages, commands and daemons."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from golden.check import expected, synnefo
from golden.definition import Node, Site

UUID = "bcfa85c9-4bdf-43d7-8f01-596dee2d6b5c"
IN_SYNC = "Everything in sync.\n"
VNC_OWNER = "vncauthproxy"
USERS = {"snf-dispatcher": "synnefo", "vncauthproxy": VNC_OWNER, "nfdhcpd": "nobody"}

# As 0.16.2 prints them; of network-inspect the end, from the backends on.
INSPECTED = """\
------------------------------------------------------------------------------------
                     State of Network 1 in DB for each backend
------------------------------------------------------------------------------------
                 Backend |  State | Deleted | JobID |             Opcode | JobStatus
------------------------------------------------------------------------------------
{0} | ACTIVE |   False |   117 | OP_NETWORK_CONNECT |   success


----------------------------------------------------------
  State of network in backend: {0}
----------------------------------------------------------
           group_list  [['default', 'bridged', 'br1', '']]
"""
CHECKED = """\
snf-dispatcher (PID: 4711): running
AMQP -> snf-dispatcher: ok
Backends:
 * {0}:
   snf-dispatcher -> ganeti: ok
   snf-ganeti-eventd -> AMQP: ok
"""


def web(site: Site) -> dict[str, Any]:
    found = {one["label"]: _page(one["url"], one["find"]) for one in synnefo.pages(site)}
    if not found:
        return {}
    found["login"] = _page(synnefo.url(site, "astakos", "/ui/landing"), {})
    found["astakos"]["url"] = synnefo.url(site, "astakos", "/ui/")
    found["machines, anonymous"].update(status=401)
    for label, status in (("admin, anonymous", 403), ("admin", 200)):
        found[label].update(status=status, url=synnefo.url(site, "admin", "/"))
    return found


def _page(url: str, find: dict[str, str]) -> dict[str, Any]:
    return {"status": 200, "url": url, "error": "", "found": dict.fromkeys(find, True)}


def cloud(site: Site, node: Node) -> dict[str, Any]:
    return {
        one["label"]: {"code": 0, "out": ANSWERS[one["label"]](site)}
        for one in synnefo.commands(site, node)
    }


def _rows(*rows: dict[str, str]) -> str:
    return json.dumps(list(rows), indent=4) + "\n"


def components(site: Site) -> str:
    return _rows(
        *(
            {
                "name": name,
                "base_url": synnefo.url(site, name),
                "ui_url": synnefo.url(site, name, "/ui/"),
                "token": "" if name == "astakos" else "right",
            }
            for name in synnefo.COMPONENTS
        )
    )


def resources(site: Site) -> str:
    units = {"G": 2**30, "M": 2**20}
    limits = [one.split("=") for one in site.variables["quota_defaults"]]
    return _rows(
        *(
            {
                "name": name,
                "system_default": str(int(limit.rstrip("GM")) * units.get(limit[-1], 1)),
                "api_visible": "True",
            }
            for name, limit in limits
        )
    )


def users(site: Site) -> str:
    user = {"id": "1", "displayname": synnefo.user(site), "uuid": UUID, "active": "True"}
    return _rows({**user, "admin": "False", "groups": "admin"})


def backends(site: Site) -> str:
    state = {"drained": "False", "offline": "False", "disk_templates": "['drbd', 'plain']"}
    return _rows({"clustername": site.cluster.name, "username": "cyclades", **state})


def networks(site: Site) -> str:
    return _rows(
        {
            "id": "1",
            "name": "public_network",
            "public": "True",
            "state": "ACTIVE",
            "subnet.ipv4": site.variables["vm_network"],
            "gateway.ipv4": site.variables["vm_gateway"],
            "link": site.bridges[0].name,
            "drained": "False",
            "floating_ip_pool": "True",
        }
    )


def flavors(site: Site) -> str:
    sizes = [(cpu, ram) for cpu in (1, 2, 4) for ram in (1024, 2048, 4096)]
    fixture = [f"C{cpu}R{ram}D{disk}drbd" for cpu, ram in sizes for disk in (20, 30, 40)]
    return _rows(*({"name": name} for name in (*fixture, *site.variables["flavors"])))


def systems(site: Site) -> str:
    status = "status: valid (path: /usr/share/ganeti/os/snf-image) [API versions: 20]"
    nodes = [f"  Node: {one.fqdn}, {status}" for one in site.nodes if one.kind.has("snf-image")]
    return "\n".join(["OS: snf-image [global status: valid]", *nodes, ""])


def in_ganeti(site: Site) -> str:
    network, gateway = site.variables["vm_network"], site.variables["vm_gateway"]
    return f"snf-net-1|{network}|{gateway}|default (bridged, {site.bridges[0].name}, )\n"


def kamaki(site: Site) -> str:
    url = synnefo.url(site, "astakos", "/identity/v2.0")
    return f"cloud.default.url = {url}\ncloud.default.token = ***\n"


ANSWERS: dict[str, Callable[[Site], str]] = {
    "component-list": components,
    "resource-list": resources,
    "oauth2-client-list": lambda site: _rows(
        {
            "identifier": "pithos-view",
            "redirect_urls": f"['{synnefo.url(site, 'pithos', '/ui/view')}']",
        }
    ),
    "user-list": users,
    "user-show": lambda site: f"id       : 1\nuuid     : {UUID}\nactive   : True\n",
    "quota-verify": lambda _: IN_SYNC,
    "reconcile-resources-astakos": lambda _: IN_SYNC,
    "reconcile-resources-cyclades": lambda _: IN_SYNC,
    "reconcile-resources-pithos": lambda _: IN_SYNC,
    "backend-list": backends,
    "network-list": networks,
    "network-inspect": lambda site: INSPECTED.format(site.cluster.name),
    "reconcile-networks": lambda _: "",
    "pool-list": lambda _: "MacPrefixPool\n  1  65536  aa:00:0  None  65536  0\n",
    "flavor-list": flavors,
    "dispatcher status": lambda site: CHECKED.format(site.cluster.name),
    "gnt-network list": in_ganeti,
    "gnt-network info": lambda site: f"Subnet: {site.variables['vm_network']}\n",
    "gnt-os diagnose": systems,
    "kamaki config": kamaki,
    "kamaki authenticate": lambda _: f'{{"id": "{UUID}"}}\n',
    "kamaki containers": lambda _: "images\n",
    "kamaki files": lambda site: f"{synnefo.image_file(site)}\n{synnefo.image_file(site)}.meta\n",
    "kamaki images": lambda site: f'[{{"name": "{synnefo.image_name(site)}"}}]\n',
}


def daemons(site: Site, node: Node) -> dict[str, Any]:
    running = {name: _process(name) for name in synnefo.daemons(node)}
    master = next((one for one in site.nodes if one.kind.has("ganeti-master")), None)
    if "snf-ganeti-eventd" in running and node != master:
        running["snf-ganeti-eventd"] = None
    return {
        "processes": running,
        "ganeti_master": master.fqdn if master else "",
        "nfdhcpd_dump": "Received SIGUSR1\n" if "nfdhcpd" in running else None,
        "dispatcher_log": [] if "snf-dispatcher" in running else None,
        "vnc": _vnc(node) if "vncauthproxy" in running else None,
    }


def packets(site: Site, node: Node) -> dict[str, Any]:
    queue = "-A PREROUTING -p udp -m udp --dport 67 -j NFQUEUE --queue-num 42"
    return {
        "forwarding": "1",
        "ipv4": expected.packet_filter(site, node.kind, "ipv4"),
        "ipv6": expected.packet_filter(site, node.kind, "ipv6"),
        "nat": [f"-A POSTROUTING -o {site.network.interface} -j MASQUERADE"],
        "mangle": ["-P PREROUTING ACCEPT", queue],
    }


def _process(name: str) -> dict[str, str] | None:
    return {"command": name, "user": USERS.get(name, "root")}


def _vnc(node: Node) -> dict[str, Any]:
    certificate = _file("root", "0644")
    key = _file(VNC_OWNER, "0400")
    return {
        "cert": certificate,
        "key": key,
        "linked": [certificate, key],
        "names": [node.fqdn],
        "pair": True,
    }


def _file(owner: str, mode: str) -> dict[str, str]:
    return {"kind": "file", "mode": mode, "owner": owner, "group": owner, "sha256": "0"}

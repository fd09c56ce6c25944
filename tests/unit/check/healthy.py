"""The facts of a site in perfect order, made from its definition: what mutations start from."""

from __future__ import annotations

import datetime
import ipaddress
import json
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from golden.check import expected
from golden.check.questions import DATABASES
from golden.definition import Node, Site
from golden.keys.secrets import Secrets
from tests.unit.check import healthy_cloud

Document = dict[str, Any]
DRIFT = ("changed", "missing", "added", "opened", "perishable", "boot")


def write(folder: Path, site: Site, secrets: Secrets) -> dict[str, Document]:
    """Write <node>.json for every node into `folder`, and return the documents by node name."""
    documents = {node.name: document(site, node, secrets) for node in site.nodes}
    save(folder, documents)
    return documents


def save(folder: Path, documents: dict[str, Document]) -> None:
    """Write `documents` as the recording that the checks judge, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, one in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(one))


def document(site: Site, node: Node, secrets: Secrets) -> Document:
    """What the scripts in scripts/check would print on a `node` that is as defined."""
    return {
        "files": files(site, node, secrets),
        "system": system(site, node),
        "hygiene": hygiene(node),
        "reach": reach(site, node),
        "web": healthy_cloud.web(site),
        "cloud": healthy_cloud.cloud(site, node),
        "daemons": healthy_cloud.daemons(site, node),
        "packets": healthy_cloud.packets(site, node),
        "drift": {what: [] for what in DRIFT},
        "done": dict.fromkeys(node.kind.first_boot, ""),
        "effective": effective(node),
        "clock_offset": [0.01, 0.2],
    }


def files(site: Site, node: Node, secrets: Secrets) -> Document:
    found: Document = {
        path: {"kind": "directory", "mode": mode, "owner": owner, "group": group, "sha256": ""}
        for path, (mode, owner, group) in expected.directories(node.kind).items()
    }
    for path, one in expected.files(site, node.kind, secrets).items():
        found[path] = {
            "kind": "file",
            "mode": one.mode,
            "owner": one.owner,
            "group": one.group,
            "sha256": one.sha256,
        }
    return found


def effective(node: Node) -> Document:
    database = {
        "set": [],
        "unread": [],
        "on": ["autovacuum", "fsync", "full_page_writes", "synchronous_commit"],
        "role": ["postgres", "synnefo"],
        "superuser": ["postgres"],
        "database": ["postgres", *DATABASES],
    }
    every = ["synnefo", ".*", ".*", ".*"]
    broker = {"users": {"synnefo": "administrator"}, "permissions": [every], "policies": []}
    answers = {"postgresql": database, "rabbitmq": broker, "vncauthproxy": ["synnefo"]}
    answers["apache"] = ""
    return {role: said for role, said in answers.items() if node.kind.has(role)}


def ports(node: Node) -> list[list[Any]]:
    address = {"any": "0.0.0.0", "loopback": "127.0.0.1", "site": str(node.address)}
    return [
        [port.protocol, address[port.listen], port.port]
        for role in node.kind.roles
        for port in role.ports
    ]


def status(site: Site, service: str) -> str:
    """What the init script says: Ganeti's names each of its daemons."""
    facts = site.release.facts
    daemons = (*facts["ganeti_daemons"], *facts["ganeti_master_daemons"])
    return " ".join(
        f"{name} is running." for name in (daemons if service == "ganeti" else [service])
    )


def system(site: Site, node: Node) -> Document:
    users = {user.name: user for role in node.kind.roles for user in role.users}
    return {
        "packages": {
            name: site.release.pins.get(name, "1.0") for name in expected.packages(site, node)
        },
        "services": {
            name: {"exists": True, "enabled": True, "code": 0, "says": status(site, name)}
            for name in node.kind.services(site.release)
        },
        "daemons": {"cron": {"exists": True, "enabled": True, "code": 0, "says": ""}},
        **{"ports": ports(node), "rpc": [], "loopback6": True},
        "accounts": {
            "users": {"root": [0, 0], **{one.name: [one.uid, one.gid] for one in users.values()}},
            "groups": {"root": 0, **{one.group: one.gid for one in users.values()}},
            "passwords": {"root": "locked", **dict.fromkeys(users, "locked")},
        },
        "names": {
            "hostname": node.name,
            "fqdn": node.fqdn,
            "nameservers": [str(site.host_of("dns").address)],
            "addresses": {name: [one] for name, one in expected.names(site).items()},
        },
        "network": network(site, node),
        "storage": storage(site, node),
        "apache": apache(node),
        "archive_keys": [],
        "clock": {"chrony": f"C6336401,{site.host_of('dns').address},11,0,0,0", "ntpq": []},
        "first_boot": {
            "result": {
                "state": "ready",
                "steps": [{"name": name, "state": "done"} for name in node.kind.first_boot],
            },
            "markers": list(node.kind.first_boot),
        },
        **{"absent": {}, "seen_by_nobody": 0},
        "processes": sorted(name[:15] for name in node.kind.services(site.release)),
        "kvm": False,
        "drbd_helper": "/bin/true",
    }


def network(site: Site, node: Node) -> Document:
    length = ipaddress.ip_network(site.network.subnet).prefixlen
    own = {"up": True, "addresses": [f"{node.address}/{length}"], "ports": []}
    bridges = {
        bridge.name: {"up": True, "addresses": [], "ports": [bridge.port]}
        for bridge in site.bridges
    }
    if node.kind.has("nat"):
        length = ipaddress.ip_network(str(site.variables["vm_network"])).prefixlen
        address = f"{site.variables['vm_gateway']}/{length}"
        bridges[site.bridges[0].name]["addresses"] = [address]
    return {site.network.interface: own, **bridges}


def apache(node: Node) -> Document:
    sites = ["synnefo-ssl.conf", "synnefo.conf"] if node.kind.has("apache") else []
    return {"sites": sites, "modules": ["headers", "proxy", "proxy_http", "rewrite", "ssl"]}


def storage(site: Site, node: Node) -> Document:
    client = node.kind.has("nfs-client")
    mount = [f"{site.nodes[0].fqdn}:/srv/archip", "/srv/archip", "nfs4", "rw"]
    return {
        "volume_groups": {site.volume_group.name: 25596.0},
        "mounts": [["/dev/vda1", "/", "ext4", "rw"], *([mount] if client else [])],
        "fstab": [["LABEL=root", "/", "ext4", "ro"], *([mount] if client else [])],
        "free_mib": {"/": 55000, "/srv/archip": 55000},
        "total_mib": {"/": 60000, "/srv/archip": 60000},
        "exports": [],
    }


def hygiene(node: Node) -> Document:
    kinds = ("machine-id", "random seed", "host key rsa", "host key ecdsa")
    return {
        "leftovers": [],
        "diversions": [],
        "unsafe_io": [],
        "shown": [],
        "secrets": {"placeholders": [], "readable": [], "logged": [], "keys": []},
        "identity": {kind: f"{kind} of {node.name}" for kind in kinds},
    }


def reach(site: Site, node: Node) -> Document:
    web = [one.fqdn for one in site.nodes if one.kind.has("apache")]
    return {
        "databases": dict.fromkeys(DATABASES, "ok"),
        "brokers": {
            **{one.fqdn: "ok" for one in site.nodes if one.kind.has("rabbitmq")},
            "127.0.0.1": "403 ACCESS_REFUSED",
        },
        "certificates": {name: shown_certificate(name) for name in web},
        "http": {name: {"status": 301, "location": f"https://{name}/"} for name in web},
        "rapi": {"right password": 200, "wrong password": 401},
        "peers": {one.fqdn: "ok" for one in site.nodes if one != node},
    }


def shown_certificate(name: str, days: int = 365) -> Document:
    """What a node sees of a web server whose certificate is for `name` and lasts `days`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return {"verified": True, "says": "0 (ok)", "pem": pem}

"""The seed of a node: its host-specific data, as a NoCloud disk (ISO 9660, label CIDATA).

`user-data` is "#cloud-config" followed by JSON. JSON is YAML, so cloud tools can read it, and so
can Python 2.7's standard library in the image (scripts/firstboot/engine/seed.py).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pycdlib

from golden import definition, log
from golden.definition import Node, Site
from golden.keys import pki, secrets
from golden.keys.secrets import Secrets, write_private
from golden.paths import ARTIFACTS, shown

LABEL = "CIDATA"


@dataclass(frozen=True)
class Interface:
    """A NIC besides the site's own; `address` is in CIDR notation. A null `mac` is not checked."""

    name: str
    address: str
    mac: str | None = None
    gateway: str | None = None


def data(site: Site, node: Node, extra_interfaces: Sequence[Interface] = ()) -> dict[str, Any]:
    """The seed data of `node` without its secrets, as in rendered/."""
    return {
        "site": site.name,
        "release": site.release.name,
        "domain": site.domain,
        "node": _node(node),
        "nodes": [_node(each) for each in site.nodes],
        "hosts": _hosts(site),
        "cluster": {"name": site.cluster.name, "address": str(site.cluster.address)},
        "volume_group": _volume_group(site),
        "bridges": [
            {"name": bridge.name, "port": bridge.port, "vlan": bridge.vlan}
            for bridge in site.bridges
        ],
        "variables": _plain(site.variables),
        "network": {
            "nameserver": _nameserver(site),
            "interfaces": [_site_interface(site, node), *map(_interface, extra_interfaces)],
        },
        "time_servers": [str(server) for server in site.network.time_servers],
    }


def write(site: Site, node: Node, path: Path, extra_interfaces: Sequence[Interface] = ()) -> Path:
    """Write the seed disk of `node` to `path` (mode 0600, atomically) and return `path`.

    Missing secrets and certificates are made. The instance-id changes only when the secrets are
    made anew: a node runs its first boot again when it sees another one.
    Raises UserError as `golden.keys.secrets.ensure` does.
    """
    meta, user = _documents(site, node, data(site, node, extra_interfaces))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, _iso(meta, user))
    return path


def digest(site: Site, node: Node) -> str:
    """A digest of the seed's content; the disk itself also holds the time it was made."""
    return hashlib.sha256(b"\0".join(_documents(site, node, data(site, node)))).hexdigest()


def write_folder(site: Site, node: Node, folder: Path, absent: Mapping[str, str]) -> Path:
    """Write the seed of `node` as a folder (mode 0700), mounted at /var/lib/golden-seed.

    `absent` maps what the container lacks to the reasons. The engine assigns its address, on a
    network card with a MAC address of the engine's choice. Otherwise as `write`.
    """
    public = data(site, node) | {"absent": dict(absent)}
    for interface in public["network"]["interfaces"]:
        interface.update(mac=None, given=True)
    meta, user = _documents(site, node, public)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / "user-data", user)
    write_private(folder / "meta-data", meta)
    return folder


def _documents(site: Site, node: Node, public: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """meta-data and user-data: `public` and the site's secrets."""
    kept = secrets.ensure(site)
    golden = dict(public) | _secret_data(site, node, kept)
    golden["serial"] = hashlib.sha256(_json(golden)).hexdigest()[:16]
    meta = {"instance-id": instance_id(site, node, kept), "local-hostname": node.name}
    return _json(meta), b"#cloud-config\n" + _json({"golden": golden})


def write_all(site: str, nodes: Sequence[str] = ()) -> None:
    """`inv seed`: write the seed disks of `nodes` (default: all) and print where they are."""
    loaded = definition.load(site)
    for node in map(loaded.node, nodes or [node.name for node in loaded.nodes]):
        path = write(loaded, node, ARTIFACTS / site / "seed" / f"{node.name}.iso")
        log.info(f"{node.name}: {shown(path)} (it holds the node's keys and passwords)")


def instance_id(site: Site, node: Node, kept: Secrets) -> str:
    """The ID under which a node records the progress of its first boot."""
    return f"{site.name}-{node.name}-{kept.generation}"


def _secret_data(site: Site, node: Node, kept: Secrets) -> dict[str, Any]:
    certificate = pki.ensure(site, node, kept)
    return {
        # No clock of a node can be right and earlier than this: repairs a dead RTC battery.
        "not_before": kept.created,
        "rotation": kept.rotation,
        "tls": {
            "ca": certificate.ca,
            "certificate": certificate.certificate,
            "key": certificate.key,
        },
        "ssh": {
            "private_key": kept.root_key.read_text(),
            "public_key": _public(kept.root_key),
            "authorized_keys": [_public(kept.root_key), _public(kept.operator_key)],
            "host_keys": {
                kind: {"private": key.read_text(), "public": _public(key)}
                for kind in secrets.HOST_KEY_TYPES
                for key in [kept.host_key(node.name, kind)]
            },
            "known_hosts": secrets.known_hosts(site, kept).splitlines(),
        },
        "secrets": dict(kept.values),
    }


def _public(key: Path) -> str:
    return key.with_name(key.name + ".pub").read_text().strip()


def _node(node: Node) -> dict[str, Any]:
    return {
        "name": node.name,
        "fqdn": node.fqdn,
        "kind": node.kind.name,
        "address": str(node.address),
        "mac": node.mac,
    }


def _hosts(site: Site) -> dict[str, str]:
    """Map each role to its first node: where the other nodes find its service."""
    carriers = reversed([(role.name, node.name) for node in site.nodes for role in node.kind.roles])
    return dict(sorted(dict(carriers).items()))


def _site_interface(site: Site, node: Node) -> dict[str, Any]:
    length = str(site.network.subnet).partition("/")[2]
    gateway = site.network.gateway
    return {
        "name": site.network.interface,
        "mac": node.mac,
        "address": f"{node.address}/{length}",
        "gateway": str(gateway) if gateway else None,
    }


def _interface(interface: Interface) -> dict[str, Any]:
    return {
        "name": interface.name,
        "mac": interface.mac,
        "address": interface.address,
        "gateway": interface.gateway,
    }


def _nameserver(site: Site) -> str | None:
    """The address of the node with the dns role, else the first upstream server."""
    for node in site.nodes:
        if node.kind.has("dns"):
            return str(node.address)
    return str(site.network.dns_upstream[0]) if site.network.dns_upstream else None


def _volume_group(site: Site) -> dict[str, str]:
    group = site.volume_group
    if group.device:
        return {"name": group.name, "device": group.device}
    return {"name": group.name, "file": str(group.file), "size": str(group.size)}


def _plain(value: Any) -> Any:
    """Turn frozen mappings and tuples into types that JSON knows."""
    if hasattr(value, "items"):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (int, float, bool)) or value is None else str(value)


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _iso(meta_data: bytes, user_data: bytes) -> bytes:
    """An ISO 9660 image with Joliet and Rock Ridge names (like genisoimage -joliet -rock)."""
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=LABEL)
    with contextlib.closing(iso):
        for name, content in (("meta-data", meta_data), ("user-data", user_data)):
            iso.add_fp(
                io.BytesIO(content),
                len(content),
                f"/{name.replace('-', '').upper()}.;1",
                rr_name=name,
                joliet_path=f"/{name}",
            )
        image = io.BytesIO()
        iso.write_fp(image)
        return image.getvalue()

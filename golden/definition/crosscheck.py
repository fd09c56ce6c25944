"""Checks across values: clashing addresses, files written twice, names too long.

Each check reads the sound part of the documents (`Document.each`), so one run finds every problem.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from golden.definition.construct import construct
from golden.definition.content import Content
from golden.definition.document import Document, Keys, shown
from golden.definition.fields import mib, mib_range, plain_serial, plain_wwn
from golden.definition.files import Directory, Network
from golden.definition.problems import nearest

# Sectors in 32 bits (an MBR's partition table), and room for boot loader and seed.
MOST_ROOT_MIB = 2 * 1024 * 1024 - 8
LEAST_STATE_MIB = 1024
# gethostname(2), HOST_NAME_MAX, and the common name of a certificate, RFC 5280, A.1.
MOST_LETTERS = 64
# netdevice(7), IFNAMSIZ.
MOST_OF_INTERFACE = 15


def check_site(site: Document) -> None:
    """Report contradictions within the file of a site."""
    _check_unique(site, "address", *_addresses(site))
    _check_unique(site, "MAC address", *site.each("nodes", "*", "mac"))
    _check_unique(site, "host name", *_host_names(site))
    _check_lengths(site)
    _check_unique(site, "interface", *_interfaces(site))
    # A node that is a name server outside would ask itself.
    servers = site.each("network", "dns_upstream", "*")
    _check_unique(site, "address", *site.each("nodes", "*", "address"), *servers)
    _check_subnet(site)
    for keys, bridge in site.each("bridges", "*"):
        if _given(bridge) & {"vlan", "port"} not in ({"vlan"}, {"port"}):
            site.problem(keys, "give either a vlan of the network's interface or a port")
    _check_disks(site)
    for keys, group in site.each("volume_group"):
        if _given(group) & {"device", "file", "size"} not in ({"device"}, {"file", "size"}):
            site.problem(keys, "give either a device or a file and its size")


def check_bridges(site: Document, roles: Iterable[Document]) -> None:
    """Report that one of `roles` uses a bridge that `site` does not have."""
    bridges = site.data.get("bridges", [])
    for role in roles:
        for keys, needed in role.each("bridges"):
            if isinstance(bridges, list) and needed > len(bridges):
                message = f"{role.place(keys)} needs {needed}, the site has {len(bridges)}"
                site.problem(("bridges",), message)


def check_roots(site: Document, kinds: Mapping[str, Document]) -> None:
    """Report a root partition that is smaller than the image of its node's kind."""
    for keys, node in site.each("nodes", "*"):
        root = (node.get("disk") or {}).get("root") or ""
        for _, size in kinds[node["kind"]].each("image", "size"):
            if root and mib(root) < mib(size):
                message = f"{root} is less than the image of kind {node['kind']} has, {size}"
                site.problem((*keys, "disk", "root"), message)


def check_release(release: Document, roles: Iterable[Document]) -> None:
    """Report logical names that `release` translates but no role of `roles`, all roles, uses."""
    known = list(roles)
    for family in ("packages", "services"):
        check_names(release, family, family, known)


def check_qcow2(release: Document) -> None:
    """Report options of qcow2 of which one rules the other out."""
    for keys, qcow2 in release.each("qcow2"):
        if qcow2.get("compat") == "0.10" and qcow2.get("compression") != "zlib":
            release.problem(keys, "compat 0.10 knows no compression but zlib: name it, too")


def check_names(document: Document, key: str, family: str, roles: Iterable[Document]) -> None:
    """Report keys of `document`'s mapping at `key` that none of `roles` has in its `family`."""
    used = {name for role in roles for _, name in role.each(family, "*")}
    for keys, _ in document.each(key, "*"):
        if keys[-1] not in used:
            message = f"no role has this in its {family}; {nearest(str(keys[-1]), used)}"
            document.problem(keys, message)


def check_facts(site: Document, release: Document) -> None:
    """Report facts of `site` that its release does not have."""
    known = release.mapping("facts")
    for keys, _ in site.each("facts", "*"):
        if keys[-1] not in known:
            hint = nearest(str(keys[-1]), known)
            site.problem(keys, f"release '{release.file.stem}' has no such fact; {hint}")


def check_users(roles: Iterable[Document]) -> None:
    """Report accounts that two of `roles` define differently."""
    known: dict[tuple[str, Hashable], tuple[Hashable, str]] = {}
    for role in roles:
        for keys, user in role.each("users", "*"):
            for account, meaning in _accounts(user):
                first, place = known.setdefault(account, (meaning, role.place(keys)))
                if first != meaning:
                    what, which = account
                    role.problem(keys, f"the {what} {which} is another one at {place}")


def check_paths(contents: Sequence[Content]) -> None:
    """Report paths that two roles of one image write; equal directories are fine."""
    files: dict[str, Path] = {}
    directories: dict[str, tuple[Directory, str]] = {}
    for content in contents:
        problems = content.document.problems
        for path, source in content.sources.items():
            first = files.setdefault(path, source)
            if first != source:
                problems.add(source, 1, "", f"{problems.shown(first)} writes {path} too")
    for content in contents:
        document = content.document
        for path, (keys, data) in content.directories.items():
            if path in files:
                place = document.problems.shown(files[path])
                document.problem(keys, f"{place} makes it a file")
            directory = construct(Directory, data)
            like, place = directories.setdefault(path, (directory, document.place(keys)))
            if like != directory:
                document.problem(keys, f"mode or owner differ from those at {place}")


def check_state(contents: Sequence[Content]) -> None:
    """Report state that hides files of the image, or lies below other state of the same image."""
    state = {
        path: content.document.place(keys)
        for content in contents
        for keys, path in content.document.each("state", "*")
    }
    for content in contents:
        document = content.document
        for keys, path in document.each("state", "*"):
            for above in sorted(set(state) & {str(each) for each in PurePosixPath(path).parents}):
                document.problem(keys, f"lies below {above}, which is kept by {state[above]}")
            for file, source in sorted(_below(path, contents).items()):
                shown_at = document.problems.shown(source)
                message = f"hides {file} of {shown_at} on a node that keeps its state"
                document.problem(keys, message)


def _below(folder: str, contents: Sequence[Content]) -> dict[str, Path]:
    every = [pair for content in contents for pair in content.sources.items()]
    return {path: source for path, source in every if path.startswith(folder + "/")}


def _given(mapping: Mapping[str, Any]) -> set[str]:
    return {key for key, value in mapping.items() if value is not None}


def _check_unique(site: Document, what: str, *values: tuple[Keys, Any]) -> None:
    first: dict[Any, Keys] = {}
    for keys, value in values:
        if value is not None and first.setdefault(value, keys) != keys:
            other = f"{shown(first[value])} (line {site.line(first[value])})"
            site.problem(keys, f"the {what} {value} is also that of {other}")


def _check_disks(site: Document) -> None:
    for keys, disk in site.each("nodes", "*", "disk"):
        if disk is None:
            continue
        if len(_given(disk) & {"serial", "wwn", "size"}) != 1:
            site.problem(keys, "give exactly one of serial, wwn and size")
        least, most = mib_range(disk["size"]) if disk.get("size") else (0, None)
        if most is not None and most < least:
            site.problem((*keys, "size"), f"{disk['size']} begins above its end")
        parts = {key: disk[key] for key in ("root", "state") if disk.get(key)}
        sizes, total = " and ".join(parts.values()), sum(map(mib, parts.values()))
        if total > MOST_ROOT_MIB:
            site.problem((*keys, *list(parts)[-1:]), f"{sizes}: partitions end at 2T, so take less")
        elif most is not None and total > most:
            site.problem((*keys, *list(parts)[-1:]), f"{sizes} fits no disk of {disk['size']}")
        if "state" in parts and mib(parts["state"]) < LEAST_STATE_MIB:
            site.problem(
                (*keys, "state"), f"{parts['state']} is too small for databases; take 1G or more"
            )
    # Serial numbers are the makers', so two nodes with one have been copied from one another.
    for key, plain in (("serial", plain_serial), ("wwn", plain_wwn)):
        given = site.each("nodes", "*", "disk", key)
        _check_unique(site, f"disk's {key}", *((keys, plain(text)) for keys, text in given if text))


def _addresses(site: Document) -> Iterator[tuple[Keys, str]]:
    yield from site.each("nodes", "*", "address")
    yield from site.each("cluster", "address")
    for place in (("network", "gateway"), ("libvirt", "host_address")):
        yield from ((keys, value) for keys, value in site.each(*place) if value)


def _interfaces(site: Document) -> Iterator[tuple[Keys, str]]:
    """The names of a node's interfaces, those of VLANs as `resolve` makes them."""
    written = [name for _, name in site.each("network", "interface")]
    interface = (written or [Network.interface])[0]
    yield ("network", "interface"), interface
    for keys, name in (*site.each("bridges", "*", "name"), *site.each("bridges", "*", "port")):
        if name:
            yield keys, name
    for keys, vlan in site.each("bridges", "*", "vlan"):
        if vlan:
            yield keys, f"{interface}.{vlan}"


def _host_names(site: Document) -> Iterator[tuple[Keys, str]]:
    """The full names of nodes and cluster, which must resolve to different addresses."""
    for _, domain in site.each("domain"):
        for keys, name in site.each("nodes", "*", "name"):
            yield keys, f"{name}.{domain}"
    yield from site.each("cluster", "name")


def _check_lengths(site: Document) -> None:
    names = [(found, "a host's name", MOST_LETTERS) for found in _host_names(site)]
    names += [(found, "an interface's name", MOST_OF_INTERFACE) for found in _interfaces(site)]
    for (keys, name), what, most in names:
        if len(name) > most:
            site.problem(keys, f"{name} has {len(name)} letters: {what} has at most {most}")


def _check_subnet(site: Document) -> None:
    for _, text in site.each("network", "subnet"):
        subnet = ipaddress.IPv4Network(text)
        reserved = (subnet.network_address, subnet.broadcast_address)
        for keys, address in list(_addresses(site)):
            parsed = ipaddress.IPv4Address(address)
            if parsed not in subnet:
                site.problem(keys, f"{address} is outside the subnet {subnet}")
            elif parsed in reserved and subnet.prefixlen < 31:
                site.problem(keys, f"{address} is not a host's address in the subnet {subnet}")


def _accounts(user: dict[str, Any]) -> Iterator[tuple[tuple[str, Hashable], Hashable]]:
    """The one-to-one relations: user and uid, group and gid, and a user's primary group."""
    name, uid, group, gid = (user.get(key) for key in ("name", "uid", "group", "gid"))
    yield ("user", name), (uid, group)
    yield ("uid", uid), name
    yield ("group", group), gid
    yield ("gid", gid), group

"""The variables of a site: every one that a role needs must be given and fit its type."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from golden.definition import fields
from golden.definition.document import Document
from golden.definition.fields import Range, VariableType
from golden.definition.problems import nearest
from golden.definition.schema import type_schema
from golden.definition.validate import validate_value

MACHINES = "vm_network"
GATEWAY = "vm_gateway"

_TYPES: Mapping[VariableType, Any] = {
    "text": str,
    "texts": tuple[str, ...],
    "count": Annotated[int, Range(0, 1_000_000)],
    "flag": bool,
    "host": fields.HostName,
    "address": fields.Address,
    "subnet": fields.Subnet,
    "mail": fields.Mail,
    "mailboxes": tuple[fields.Mailbox, ...],
}


def check(site: Document, roles: Iterable[Document]) -> None:
    """Report the variables of `site` that one of `roles` needs and that are missing or unfit."""
    given = site.mapping("variables")
    checked: set[str] = set()
    for role in roles:
        for (_, name), kind in role.each("variables", "*"):
            place = ("variables", name)
            if name not in given:
                needed = f"{role.place(('variables', name))} needs it"
                message = f"this key is missing, and {needed}; {nearest(str(name), given)}"
                site.problem(place, message)
            elif name not in checked:
                validate_value(site, place, given[name], type_schema(_TYPES[kind]), {})
                checked.add(str(name))
    if {MACHINES, GATEWAY} <= checked:
        _check_machines(site)


def _check_machines(site: Document) -> None:
    """Report a network of virtual machines that does not fit its gateway or the nodes' network."""
    for place, text in list(site.each("variables", MACHINES)):
        machines = ipaddress.IPv4Network(text)
        for _, nodes in site.each("network", "subnet"):
            if machines.overlaps(ipaddress.IPv4Network(nodes)):
                site.problem(place, f"{text} overlaps the nodes' network {nodes}")
        for keys, address in site.each("variables", GATEWAY):
            reserved = (machines.network_address, machines.broadcast_address)
            parsed = ipaddress.IPv4Address(address)
            if parsed not in machines or parsed in reserved:
                site.problem(keys, f"{address} is not a host's address in {MACHINES}, {text}")

"""The variables of a site: every one that a role needs must be given and fit its type."""

from __future__ import annotations

import ipaddress
import re
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
    "origin": fields.Origin,
}
# A line break ends a line in every language; the token is that of scripts/firstboot/engine/quoting.
_UNFIT = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]|@@SECRET:")
_NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")


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
                _check_texts(site, str(name), role)
                checked.add(str(name))
    if {MACHINES, GATEWAY} <= checked:
        _check_machines(site)


def check_role(role: Document) -> None:
    """Report patterns and downloads of `role` that name no variable of it, or are no good."""
    known = role.mapping("variables")
    for keys, pattern in list(role.each("patterns", "*")):
        if keys[-1] not in known:
            role.problem(keys, f"the role has no such variable; {nearest(str(keys[-1]), known)}")
        try:
            re.compile(pattern)
        except re.error as error:
            role.problem(keys, f"not a regular expression of Python: {error}")
    for keys, source in list(role.each("downloads", "*", "source")):
        for name in _NAMED.findall(source):
            if name not in known:
                role.problem(keys, f"the role has no variable '{name}'; {nearest(name, known)}")
        if set(_NAMED.sub("", source)) & set("{}"):
            role.problem(keys, "write a variable as {name}, and no other braces")


def _check_texts(site: Document, name: str, role: Document) -> None:
    """Report texts of the variable `name` that `role` cannot take."""
    where = ("patterns", name)
    pattern = dict(role.each("patterns", "*")).get(where)
    parts = (("variables", name), ("variables", name, "*"))
    for keys, value in [found for part in parts for found in site.each(*part)]:
        if isinstance(value, str) and (unfit := _UNFIT.search(value)):
            site.problem(keys, f"{unfit[0]!r} cannot be in a variable: give printable text")
        elif not isinstance(value, list) and pattern and not re.fullmatch(pattern, str(value)):
            site.problem(keys, f"'{value}' does not match {pattern}, as {role.place(where)} has it")


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

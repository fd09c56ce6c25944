"""Every service of a role was released by first boot: it runs, and starts again with the node."""

from __future__ import annotations

from golden.check.facts import Facts, scope
from golden.definition import Node
from golden.definition.files import Port
from tests.checks.subjects import SITE, each

# Its script's status also counts daemons that run on the master alone: test_ganeti asks for each.
SEVERAL_DAEMONS = {"ganeti"}


def services(node: Node) -> tuple[str, ...]:
    """The init scripts that first boot releases on `node`."""
    return node.kind.services(SITE.release)


@each("service", services)
def test_service_starts_at_boot(facts: Facts, node: Node, service: str) -> None:
    assert facts.service(service).enabled, f"no start link of {service} in /etc/rc2.d or rcS.d"


@each("service", lambda node: [s for s in services(node) if s not in SEVERAL_DAEMONS])
def test_service_runs(facts: Facts, node: Node, service: str) -> None:
    found = facts.service(service)
    assert found.code == 0, f"/etc/init.d/{service} status ends with {found.code}: {found.says}"


@each("port", lambda node: [port for role in node.kind.roles for port in role.ports])
def test_port_listens_where_the_role_says(facts: Facts, node: Node, port: Port) -> None:
    listeners = facts.listeners(port.protocol, port.port)
    seen = scope(listeners, SITE.network.subnet)
    assert seen == port.listen, f"{port.protocol} {port.port} is heard on {seen}"
    assert seen != "site" or node.address in listeners

"""Every service of a role was released by first boot: it runs, and starts again with the node."""

from __future__ import annotations

import pytest

from golden.check.facts import LOOPBACK, Facts, scope
from golden.definition import Node
from golden.definition.files import Port
from tests.checks.subjects import SITE, each, each_node

# The first one's status also counts daemons that run on the master alone, the second runs there
# alone: test_ganeti and test_cyclades look at the processes.
OF_THE_MASTER = {"ganeti", "snf-ganeti-eventd"}
# What a service needs of the place where it runs, by its logical name, and so do its ports.
NEEDS = {
    "ntp": "clock",
    "volume-group": "lvm",
    "rpcbind": "nfsd",
    "nfs-common": "nfsd",
    "nfs-kernel-server": "nfsd",
}
PORTS_NEED = {111: "nfsd", 123: "clock", 2049: "nfsd"}


def services(node: Node) -> tuple[str, ...]:
    """The init scripts that first boot releases on `node`."""
    return node.kind.services(SITE.release)


@each("service", services)
def test_service_starts_at_boot(facts: Facts, node: Node, service: str) -> None:
    assert facts.service(service).enabled, f"no start link of {service} in /etc/rc2.d or rcS.d"


@each("service", lambda node: [s for s in services(node) if s not in OF_THE_MASTER])
def test_service_runs(facts: Facts, node: Node, service: str) -> None:
    logical = {SITE.release.services.get(name, name): name for name in NEEDS}.get(service, "")
    if reason := facts.lacks(NEEDS.get(logical, "")):
        pytest.skip(reason)
    found = facts.service(service)
    if found.code and facts.lacks("ptrace") and facts.has_process(service):
        return  # start-stop-daemon sees the process, but not which program it runs
    assert found.code == 0, f"/etc/init.d/{service} status ends with {found.code}: {found.says}"


@each("port", lambda node: [port for port in node.kind.ports if not port.last])
def test_port_listens_where_the_role_says(facts: Facts, node: Node, port: Port) -> None:
    if reason := facts.lacks(PORTS_NEED.get(port.port, "")):
        pytest.skip(reason)
    listeners = facts.listeners(port.protocol, port.port)
    seen = scope(listeners, SITE.network.subnet)
    assert seen == port.listen, f"{port.protocol} {port.port} is heard on {seen}"
    assert seen != "site" or node.address in listeners


@each_node()
def test_daemon_of_a_package_runs(facts: Facts, node: Node) -> None:
    # Those that no role names: cron, the log, the power button.
    found = facts.system["daemons"]
    assert found, "no daemon of a package starts at boot"
    down = {
        name: state["says"]
        for name, state in found.items()
        if state["code"] != 0 and not (facts.lacks("ptrace") and facts.has_process(name))
    }
    assert down == {}


@each_node()
def test_nothing_else_listens(facts: Facts, node: Node) -> None:
    known = {
        (port.protocol, number)
        for port in node.kind.ports
        for number in range(port.port, (port.last or port.port) + 1)
    }
    if "ganeti-mond" in SITE.release.facts["ganeti_daemons"]:
        known.add(("tcp", 1815))  # the monitoring daemon, of Ganeti 2.8 and newer
    if SITE.release.facts["epmd_binds_ipv6"] and not facts.system["loopback6"]:
        known.add(("tcp", 4369))  # Erlang 23's directory cannot be bound then (W13.19)
    # A program's own questions leave UDP open too; the ports of NFS change, and rpcbind knows them.
    heard = {
        (protocol, port)
        for protocol, at, port in facts.system["ports"]
        if protocol == "tcp" and not at.startswith(LOOPBACK)
    }
    assert sorted(heard - known - {tuple(one) for one in facts.system["rpc"]}) == []

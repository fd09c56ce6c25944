"""The Ganeti cluster: its nodes, its interfaces, and an instance from beginning to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from testinfra.host import Host

from golden.check.facts import Facts
from golden.definition import Bridge, Node
from tests.checks.eventually import eventually
from tests.checks.instance import ATTEMPTS, Instance, added, asked, is_busy
from tests.checks.subjects import SITE, each, each_node, each_pair, hosts

pytestmark = pytest.mark.skipif(not hosts("ganeti-master"), reason="no node is a Ganeti master")

NODES = hosts("ganeti-node")
CANDIDATES = 10
SYSRQ = "missing required directory /proc/sys and the file /proc/sysrq-trigger"


@pytest.fixture(scope="module")
def master(host_of: Callable[[Node], Host]) -> Host:
    return host_of(hosts("ganeti-master")[0])


def runs(facts: Facts, daemon: str) -> bool:
    """Whether a daemon of Ganeti runs; in some containers its script cannot tell."""
    if facts.lacks("ptrace"):
        return facts.has_process(daemon)
    return f"{daemon} is running" in facts.service("ganeti").says


@pytest.mark.guide("G163")
@each_pair()
def test_root_reaches_the_other_node(facts: Facts, node: Node, other: Node) -> None:
    assert facts.reach["peers"][other.fqdn] == "ok"


@pytest.mark.guide("G203")
@each("bridge", lambda _: SITE.bridges, role="ganeti-common")
def test_bridge_is_up_with_its_port(facts: Facts, node: Node, bridge: Bridge) -> None:
    found = facts.interface(bridge.name)
    assert found is not None, f"{node.name} has no {bridge.name}"
    assert found.up
    if bridge.vlan is not None and (reason := facts.lacks("vlan")):
        pytest.skip(f"{bridge.name} is up without its port: {reason}")
    assert bridge.port in found.ports


@each("daemon", lambda _: SITE.release.facts["ganeti_daemons"], role="ganeti-node")
def test_daemon_runs(facts: Facts, node: Node, daemon: str) -> None:
    assert runs(facts, daemon), facts.service("ganeti").says


@each("daemon", lambda _: SITE.release.facts["ganeti_master_daemons"], role="ganeti-master")
def test_master_daemon_runs(facts: Facts, node: Node, daemon: str) -> None:
    assert runs(facts, daemon), facts.service("ganeti").says


@each_node(role="ganeti-node")
def test_cluster_name_is_answered_by_rapi(facts: Facts, node: Node) -> None:
    assert facts.reach["rapi"]["right password"] == 200


@each_node(role="ganeti-node")
def test_rapi_refuses_a_wrong_password(facts: Facts, node: Node) -> None:
    assert facts.reach["rapi"]["wrong password"] == 401


def test_cluster_has_every_node_online(master: Host) -> None:
    listing = master.check_output(
        "gnt-node list --no-headers --separator=: -o name,offline,drained"
    )
    nodes = {line.partition(":")[0]: line for line in listing.splitlines()}
    assert nodes == {one.fqdn: f"{one.fqdn}:N:N" for one in NODES}


def test_every_node_can_become_master(master: Host) -> None:
    listing = master.check_output(
        "gnt-node list --no-headers --separator=: -o name,role,vm_capable"
    )
    roles = {line.split(":")[0]: line.split(":")[1:] for line in listing.splitlines()}
    # Regular nodes are those beyond the pool of candidates: constants.MASTER_POOL_SIZE_DEFAULT.
    letters = ["M", *["C"] * (CANDIDATES - 1), *["R"] * len(NODES)][: len(NODES)]
    assert sorted(role for role, _ in roles.values()) == sorted(letters)
    assert roles[hosts("ganeti-master")[0].fqdn][0] == "M"
    assert {fqdn: vm_capable for fqdn, (_, vm_capable) in roles.items()} == {
        one.fqdn: "Y" for one in NODES
    }


def test_watcher_and_queue_are_not_held(master: Host) -> None:
    # A hand that repaired something may have left either: nothing is mended, or nothing runs.
    assert "not paused" in master.check_output("gnt-cluster watcher info")
    assert "is unset" in master.check_output("gnt-cluster queue info"), "the queue is drained"


@pytest.mark.parametrize("level", ["cluster", "group"])
def test_drbd_keeps_its_metadata_in_the_volume_group(
    master: Host, facts_of: Callable[[Node], Facts], level: str
) -> None:
    if reason := facts_of(NODES[0]).lacks("drbd"):
        pytest.skip(reason)
    command = {"cluster": "gnt-cluster info", "group": "gnt-group info default"}[level]
    assert f"metavg: {SITE.volume_group.name}" in master.check_output(command)


@pytest.mark.guide("G176")
def test_cluster_verifies_clean(master: Host, facts_of: Callable[[Node], Facts]) -> None:
    # The one complaint that a kernel without the file causes: an error of the place, not of ours.
    known = SYSRQ if facts_of(NODES[0]).lacks("sysrq") else "never said"
    ignored = "--ignore-errors=ENODESETUP" if known == SYSRQ else ""
    for _ in range(ATTEMPTS):
        said = master.run(f"gnt-cluster verify {ignored} 2>&1")
        lines = [line for line in said.stdout.splitlines() if known not in line]
        complaints = [line for line in lines if "ERROR" in line or "WARNING" in line]
        if not is_busy("\n".join(complaints)):
            break
    assert said.rc == 0 and complaints == [], "\n".join(complaints) or said.stdout[-2000:]


@pytest.fixture(scope="module")
def instance(master: Host, facts_of: Callable[[Node], Facts]) -> Iterator[Instance]:
    """On the last node: the first is the master, and the cluster must reach beyond it."""
    node = NODES[-1]
    if reason := facts_of(node).lacks("lvm"):
        pytest.skip(reason)
    name, kvm = f"check.{SITE.domain}", facts_of(node).system["kvm"]
    with added(master, name, node.fqdn, [one.fqdn for one in NODES], kvm) as instance:
        yield instance


@pytest.mark.destructive
def test_instance_is_added(instance: Instance) -> None:
    assert instance.status() == "ADMIN_down"


@pytest.mark.destructive
def test_instance_starts_and_runs(master: Host, instance: Instance) -> None:
    asked(master, "gnt-instance start %s", instance.name)
    assert eventually(lambda: instance.status() == "running", 60), instance.status()


@pytest.mark.destructive
def test_instance_is_a_process_on_its_node(
    instance: Instance, host_of: Callable[[Node], Host]
) -> None:
    assert f"-name {instance.name}" in host_of(NODES[-1]).check_output("ps -eww -o args")


@pytest.mark.destructive
def test_instance_stops(master: Host, instance: Instance) -> None:
    asked(master, "gnt-instance stop --timeout=0 %s", instance.name)
    assert eventually(lambda: instance.status() == "ADMIN_down", 60), instance.status()


@pytest.mark.destructive
def test_instance_is_removed_with_its_disk(master: Host, instance: Instance) -> None:
    instance.remove()
    assert instance.status() == ""
    volumes = asked(master, "gnt-node volumes --no-headers -o instance")
    assert instance.name not in volumes.split()

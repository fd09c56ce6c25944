"""The Ganeti cluster: its nodes, its interfaces, and an instance from beginning to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from testinfra.host import Host

from golden.check.facts import Facts
from golden.definition import Bridge, Node
from tests.checks.eventually import eventually
from tests.checks.subjects import SITE, each, each_node, each_pair, hosts

pytestmark = pytest.mark.skipif(not hosts("ganeti-master"), reason="no node is a Ganeti master")

INSTANCE = f"check.{SITE.domain}"
OS = "golden-check"
# Ganeti wants an OS definition even where nothing is installed; this one is the smallest it takes
# (ganeti-os-interface(7), API version 10, which 2.10 and 3.0 both know).
OS_FOLDER = f"/srv/ganeti/os/{OS}"
MAKE_OS = f"""
set -eu
mkdir -p {OS_FOLDER}
echo 10 > {OS_FOLDER}/ganeti_api_version
for script in create import export rename; do
    printf '#!/bin/sh\\nexit 0\\n' > {OS_FOLDER}/$script
    chmod 755 {OS_FOLDER}/$script
done
"""


@pytest.fixture(scope="module")
def master(host_of: Callable[[Node], Host]) -> Host:
    return host_of(hosts("ganeti-master")[0])


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
    assert bridge.port in found.ports


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
    assert nodes == {one.fqdn: f"{one.fqdn}:N:N" for one in hosts("ganeti-node")}


def test_every_node_can_become_master(master: Host) -> None:
    listing = master.check_output(
        "gnt-node list --no-headers --separator=: -o name,role,vm_capable"
    )
    roles = {line.split(":")[0]: line.split(":")[1:] for line in listing.splitlines()}
    wanted = {
        one.fqdn: ["M" if one.kind.has("ganeti-master") else "C", "Y"]
        for one in hosts("ganeti-node")
    }
    assert roles == wanted


@pytest.mark.parametrize("level", ["cluster", "group"])
def test_drbd_keeps_its_metadata_in_the_volume_group(master: Host, level: str) -> None:
    command = {"cluster": "gnt-cluster info", "group": "gnt-group info default"}[level]
    assert f"metavg: {SITE.volume_group.name}" in master.check_output(command)


@pytest.mark.guide("G176")
def test_cluster_verifies_clean(master: Host) -> None:
    said = master.run("gnt-cluster verify 2>&1")
    complaints = [line for line in said.stdout.splitlines() if "ERROR" in line or "WARNING" in line]
    assert said.rc == 0 and complaints == [], "\n".join(complaints) or said.stdout[-2000:]


@pytest.fixture(scope="module")
def instance(master: Host, facts_of: Callable[[Node], Facts]) -> Iterator[str]:
    """A stopped instance with a small plain disk on the last node; in the end it is gone."""
    node = hosts("ganeti-node")[-1]
    if reason := facts_of(node).lacks("device mapper"):
        pytest.skip(reason)
    remove = f"gnt-instance remove --force --ignore-failures --shutdown-timeout=0 {INSTANCE}"
    clean = f"rm -rf {OS_FOLDER}"
    # What an interrupted run left behind would make `add` fail.
    master.run(f"gnt-instance list {INSTANCE} >/dev/null 2>&1 && {remove}")
    try:
        on_all(master, MAKE_OS)
        master.check_output(
            "gnt-instance add --disk-template=plain --disk=0:size=32M --backend-parameters="
            "minmem=64M,maxmem=64M,vcpus=1 --os-type=%s --no-install --no-start --no-name-check "
            "--no-ip-check --no-conflicts-check --no-nics --ignore-ipolicy "
            "--hypervisor-parameters=kvm:%s --node=%s %s 2>&1",
            OS,
            hypervisor_parameters(facts_of(node)),
            node.fqdn,
            INSTANCE,
        )
        yield INSTANCE
    finally:
        left = master.run(f"gnt-instance list --no-headers -o name {INSTANCE} && {remove}")
        on_all(master, clean)
        names = master.check_output("gnt-instance list --no-headers -o name").split()
        assert INSTANCE not in names, f"the instance could not be removed: {left.stdout}"


def on_all(master: Host, script: str) -> None:
    """Run `script` on every Ganeti node, from the master."""
    for node in hosts("ganeti-node"):
        master.check_output("ssh -o BatchMode=yes %s %s", node.fqdn, script)


def hypervisor_parameters(facts: Facts) -> str:
    """An instance must run where the node has no KVM too, emulated."""
    kvm = "enabled" if facts.system["kernel"]["kvm"] else "disabled"
    return f"kvm_flag={kvm},kernel_path=,boot_order=disk,vnc_bind_address=127.0.0.1"


def state(master: Host) -> dict[str, str]:
    listing = master.check_output(
        "gnt-instance list --no-headers --separator=: -o name,oper_state,status %s", INSTANCE
    )
    name, running, status = listing.strip().split(":")
    return {"name": name, "running": running, "status": status}


@pytest.mark.destructive
def test_instance_is_added(master: Host, instance: str) -> None:
    assert state(master)["status"] == "ADMIN_down"


@pytest.mark.destructive
def test_instance_starts_and_runs(master: Host, instance: str) -> None:
    said = master.run("gnt-instance start %s 2>&1", instance)
    assert said.rc == 0, said.stdout
    assert eventually(lambda: state(master)["status"] == "running", 60), state(master)


@pytest.mark.destructive
def test_instance_is_a_process_on_its_node(instance: str, host_of: Callable[[Node], Host]) -> None:
    node = host_of(hosts("ganeti-node")[-1])
    assert f"-name {instance}" in node.check_output("ps -eww -o args")


@pytest.mark.destructive
def test_instance_stops(master: Host, instance: str) -> None:
    said = master.run("gnt-instance stop --timeout=0 %s 2>&1", instance)
    assert said.rc == 0, said.stdout
    assert eventually(lambda: state(master)["status"] == "ADMIN_down", 60), state(master)


@pytest.mark.destructive
def test_instance_is_removed(master: Host, instance: str) -> None:
    said = master.run("gnt-instance remove --force %s 2>&1", instance)
    assert said.rc == 0, said.stdout
    assert instance not in master.check_output("gnt-instance list --no-headers -o name").split()
    volumes = master.check_output("gnt-node volumes --no-headers -o instance 2>&1")
    assert instance not in volumes

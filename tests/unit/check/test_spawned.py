"""Machines and networks of the checks are gone afterwards, whatever went wrong."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

import pytest

from golden.definition import Bridge
from tests.checks.instance import Machine, parameters, spawned
from tests.checks.network import network

BRIDGE = Bridge(name="br1", port="eth0.1", vlan=1)


@dataclass
class Answer:
    rc: int
    stdout: str


@dataclass
class Cluster:
    """Stands in for the master: remembers instances and networks; the command `fails` fails."""

    fails: str = ""
    instances: set[str] = field(default_factory=set)
    networks: set[str] = field(default_factory=set)
    connected: set[str] = field(default_factory=set)
    said: list[list[str]] = field(default_factory=list)

    def run(self, command: str, *args: str) -> Answer:
        words = shlex.split(command % tuple(map(shlex.quote, args)) if args else command)
        self.said.append(words)
        program, verb = words[:2]
        names = [word for word in words[2:] if not word.startswith("-") and word != "2>&1"]
        if f"{program} {verb}" == self.fails:
            return Answer(1, f"{verb} failed")
        if program == "gnt-network":
            return self.network(verb, names[-1])
        if verb == "add":
            self.instances.add(names[-1])
        if verb == "remove":
            self.instances.discard(names[-1])
        known = names[-1] in self.instances
        return Answer(0 if known or verb != "list" else 1, "running\n" if known else "")

    def network(self, verb: str, name: str) -> Answer:
        if verb == "add":
            self.networks.add(name)
        if verb in ("connect", "disconnect"):
            (self.connected.add if verb == "connect" else self.connected.discard)(name)
        if verb == "remove":
            if name in self.connected:
                return Answer(1, "still connected")
            self.networks.discard(name)
        return Answer(0, "\n".join(sorted(self.networks)))

    def check_output(self, command: str, *args: str) -> str:
        return self.run(command, *args).stdout


def a_network(cluster: Cluster) -> network:
    return network(cluster, "net", "10.0.0.0/24", BRIDGE, "--gateway=10.0.0.1", "nfdhcpd")


def test_a_network_is_gone_after_a_failed_check() -> None:
    cluster = Cluster()
    with pytest.raises(ZeroDivisionError), a_network(cluster):
        assert (cluster.networks, cluster.connected) == ({"net"}, {"net"})
        raise ZeroDivisionError
    assert (cluster.networks, cluster.connected) == (set(), set())


def test_a_network_is_gone_when_it_could_not_be_connected() -> None:
    cluster = Cluster(fails="gnt-network connect")
    with pytest.raises(AssertionError, match="connect failed"), a_network(cluster):
        pass
    assert cluster.networks == set()


def test_what_an_interrupted_run_left_goes_first() -> None:
    cluster = Cluster(networks={"net"}, connected={"net"})
    with a_network(cluster):
        assert [words[1] for words in cluster.said][:3] == ["list", "disconnect", "remove"]


def a_machine(cluster: Cluster, *networks: str) -> spawned:
    machine = Machine({"img_id": "tiny", "img_properties": '{"A":"1","B":"2"}'}, 72, networks)
    return spawned(cluster, "vm.test", "node2.test", machine, kvm=False)


def test_a_machine_has_a_nic_for_each_network_and_is_gone_afterwards() -> None:
    cluster = Cluster()
    with a_machine(cluster, "one", "other") as instance:
        assert instance.status() == "running"
    [add] = [words for words in cluster.said if words[1] == "add"]
    nics = [add[at + 1] for at, word in enumerate(add) if word == "--net"]
    assert nics == ["0:ip=pool,network=one", "1:ip=pool,network=other"]
    assert "--no-nics" not in add and "--node=node2.test" in add
    assert cluster.instances == set()


def test_a_machine_that_could_not_be_made_tells_why_without_its_password() -> None:
    cluster = Cluster(fails="gnt-instance add")
    with pytest.raises(AssertionError) as caught, a_machine(cluster):
        pass
    assert str(caught.value).startswith("gnt-instance add vm.test: add failed")
    assert "img_id" not in str(caught.value)


def test_commas_in_parameters_are_escaped() -> None:
    assert parameters({"a": "1", "b": '{"x":"1","y":"2"}'}) == 'a=1,b={"x":"1"\\,"y":"2"}'

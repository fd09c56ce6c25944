"""Machines made of the registered image with Ganeti alone, and the networks they come up in.

What the guide does by hand before Cyclades comes into play. The guide's four machines are three
here: testvm2, which only has the public network, is what testvm3 is without its second interface.
"""

from __future__ import annotations

import ipaddress
import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from testinfra.host import Host

from golden.check import synnefo
from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.answers import row
from tests.checks.eventually import eventually
from tests.checks.instance import Instance, Machine, asked, spawned
from tests.checks.network import network
from tests.checks.subjects import SITE, hosts

pytestmark = [
    pytest.mark.destructive,
    pytest.mark.skipif(not hosts("snf-image"), reason="no node makes machines of images"),
    pytest.mark.skipif(not synnefo.image_file(SITE), reason="the site names no base_image"),
]
NODES = hosts("snf-image")
PUBLIC, PRIVATE = "test-net-public", "test-net-prv-mac"
PRIVATE_SUBNET, MAC_PREFIX = "192.168.1.0/24", "aa:00:55"
MIB = 1024 * 1024
PROPERTIES = '{"OSFAMILY":"linux","ROOT_PARTITION":"1"}'
TAP = "/var/run/ganeti/kvm-hypervisor/nic/%s/%s"
DUMP = "kill -USR1 $(cat /var/run/nfdhcpd/nfdhcpd.pid); sleep 2; tail -n 60 %s"


@pytest.fixture(scope="module")
def kvm(facts_of: Callable[[Node], Facts]) -> bool:
    return all(facts_of(node).system["kvm"] for node in NODES)


@pytest.fixture(scope="module")
def file(facts_of: Callable[[Node], Facts], host_of: Callable[[Node], Host]) -> dict[str, str]:
    """The image's object as Pithos knows it: mapfile, bytes, …"""
    user = row(facts_of(hosts("astakos")[0]), "user-list", "displayname", synnefo.user(SITE))
    command = "snf-manage file-show %s %s %s --output-format json"
    place = (user["uuid"], synnefo.IMAGE_FOLDER, synnefo.image_file(SITE))
    said = host_of(hosts("pithos")[0]).run(command, *place)
    assert said.rc == 0, f"file-show {' '.join(place)}: {said.stdout}{said.stderr}"
    found = json.loads(said.stdout[said.stdout.index("[") :] if "[" in said.stdout else said.stdout)
    shown: dict[str, str] = found[0] if isinstance(found, list) else found
    return shown


def machine(file: dict[str, str], image: str, networks: tuple[str, ...] = ()) -> Machine:
    """Of `image`, with a password that nobody ever learns."""
    parameters = {"img_passwd": secrets.token_hex(8), "img_format": "diskdump", "img_id": image}
    # Room for the label that a bigger disk gets; a Debian image does not fit to the byte.
    disk = int(file["bytes"]) // MIB + 64
    return Machine({**parameters, "img_properties": PROPERTIES}, disk, networks)


@pytest.mark.guide("G189")
def test_image_s_map_and_size_are_shown(file: dict[str, str]) -> None:
    assert file.get("mapfile"), f"file-show has no mapfile: {file}"
    assert int(file["bytes"]) > 0


@pytest.fixture(scope="module")
def of_pithos(master: Host, file: dict[str, str], kvm: bool) -> Iterator[Instance]:
    """The guide's testvm1, on the last node: what it reads there was written on another one."""
    image = f"pithosmap://{file['mapfile']}/{file['bytes']}"
    name = f"testvm1.{SITE.domain}"
    with spawned(master, name, NODES[-1].fqdn, machine(file, image), kvm) as instance:
        yield instance


@pytest.mark.guide("G190", "G193")
def test_machine_of_the_pithos_image_runs(of_pithos: Instance) -> None:
    assert eventually(lambda: of_pithos.status() == "running", 60), of_pithos.status()


@pytest.mark.guide("G191")
def test_machine_of_the_pithos_image_has_a_console(master: Host, of_pithos: Instance) -> None:
    # Its greeting is as far as a check gets: the login behind it is typed by a person.
    info = asked(master, "gnt-instance info %s", of_pithos.name)
    found = re.search(r"console connection: vnc to ([\w.-]+):(\d+)", info)
    assert found, "gnt-instance info names no VNC port"
    command = "timeout 30 bash -c 'exec 3<>/dev/tcp/{}/{}; head -c 3 <&3'".format(*found.groups())
    assert master.run(command).stdout == "RFB", f"nothing greets at {':'.join(found.groups())}"


@pytest.fixture(scope="module")
def networks(master: Host, of_pithos: Instance) -> Iterator[tuple[str, str]]:
    """The guide's two test networks; the public one has the subnet that Cyclades gives out."""
    of_pithos.remove()
    used = master.check_output("gnt-instance list --no-headers -o nic.ips")
    subnet = ipaddress.ip_network(str(SITE.variables["vm_network"]))
    if any(ipaddress.ip_address(one) in subnet for one in re.findall(r"[\d.]{7,}", used)):
        pytest.skip(f"machines of this cloud have addresses of {subnet}: they might be given twice")
    gateway = f"--gateway={SITE.variables['vm_gateway']}"
    public, private = SITE.bridges[0], SITE.bridges[1]
    prefix, tags = f"--mac-prefix={MAC_PREFIX}", "nfdhcpd,private-filtered"
    with (
        network(master, PUBLIC, str(subnet), public, gateway, "nfdhcpd") as one,
        network(master, PRIVATE, PRIVATE_SUBNET, private, prefix, tags) as other,
    ):
        yield one, other


@pytest.mark.guide("G208", "G209", "G215", "G216")
def test_networks_are_connected_to_their_bridges(master: Host, networks: tuple[str, str]) -> None:
    out = master.check_output("gnt-network list --no-headers --separator=: -o name,group_list")
    found = dict(line.split(":", 1) for line in out.splitlines())
    for name, bridge in zip(networks, SITE.bridges, strict=False):
        assert f"bridged, {bridge.name}" in found[name], found[name]


@pytest.fixture(scope="module")
def pair(
    master: Host, networks: tuple[str, str], file: dict[str, str], kvm: bool
) -> Iterator[dict[str, Instance]]:
    """The guide's testvm3 and testvm4, one for each node, of the image in snf-image's folder."""
    image = synnefo.image_file(SITE).removesuffix(".diskdump")
    with ExitStack() as stack:
        found = {}
        for number, node in enumerate(NODES, 3):
            made = machine(file, image, networks)
            name = f"testvm{number}.{SITE.domain}"
            found[node.name] = stack.enter_context(spawned(master, name, node.fqdn, made, kvm))
        yield found


def nics(instance: Instance, field: str) -> list[str]:
    out = instance.master.check_output("gnt-instance list --no-headers -o %s %s", field,
                                       instance.name)  # fmt: skip
    return re.findall(r"[\w.:]+", out.replace("[", " "))


BOTH = pytest.mark.parametrize("node", NODES, ids=lambda node: node.name)


@pytest.mark.guide("G212", "G217", "G218")
@BOTH
def test_machine_has_an_address_of_each_network(pair: dict[str, Instance], node: Node) -> None:
    instance = pair[node.name]
    assert eventually(lambda: instance.status() == "running", 60), instance.status()
    found = [ipaddress.ip_address(one) for one in nics(instance, "nic.ips")]
    assert len(found) == 2, f"addresses: {found}"
    assert found[0] in ipaddress.ip_network(str(SITE.variables["vm_network"]))
    assert found[1] in ipaddress.ip_network(PRIVATE_SUBNET)


@pytest.mark.guide("G219")
@BOTH
def test_second_interface_has_the_prefix(pair: dict[str, Instance], node: Node) -> None:
    assert nics(pair[node.name], "nic.macs")[1].startswith(MAC_PREFIX)


def tap(host: Host, instance: Instance, number: int) -> str:
    return str(host.check_output("cat " + TAP % (instance.name, number))).strip()


@pytest.mark.guide("G213", "G219")
@BOTH
def test_tap_interfaces_are_on_their_bridges(
    pair: dict[str, Instance], node: Node, host_of: Callable[[Node], Host]
) -> None:
    host = host_of(node)
    for number, bridge in enumerate(SITE.bridges[:2]):
        ports = host.check_output("ls /sys/class/net/%s/brif", bridge.name).split()
        assert tap(host, pair[node.name], number) in ports, f"{bridge.name} has only {ports}"


@pytest.mark.guide("G213")
@BOTH
def test_lease_of_the_public_address_is_written(
    pair: dict[str, Instance], node: Node, host_of: Callable[[Node], Host]
) -> None:
    host = host_of(node)
    lease = host.check_output("cat /var/lib/nfdhcpd/%s", tap(host, pair[node.name], 0))
    assert f"IP={nics(pair[node.name], 'nic.ips')[0]}" in lease.splitlines()


@pytest.mark.guide("G202", "G213")
@BOTH
def test_nfdhcpd_serves_the_public_address(
    pair: dict[str, Instance],
    node: Node,
    host_of: Callable[[Node], Host],
    facts_of: Callable[[Node], Facts],
) -> None:
    if reason := facts_of(node).skipped("nfdhcpd"):
        pytest.skip(reason)
    out = host_of(node).check_output(DUMP, "/var/log/nfdhcpd/nfdhcpd.log")
    assert nics(pair[node.name], "nic.ips")[0] in out, out[-600:]


@pytest.mark.guide("G219")
@BOTH
def test_private_interface_is_filtered(
    pair: dict[str, Instance], node: Node, host_of: Callable[[Node], Host]
) -> None:
    host = host_of(node)
    name = tap(host, pair[node.name], 1)
    assert name.upper() in host.check_output("ebtables -L").upper(), f"no rule about {name}"


@pytest.mark.guide("G219")
def test_machines_ping_each_other() -> None:
    pytest.skip(
        "a ping is typed at a machine's console by a person; bridge, prefix, filter and lease of "
        "both machines are checked"
    )

"""On which interface is served, and what dnsmasq is told."""

from __future__ import annotations

import ipaddress
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from golden import run
from golden.boot.metal import dhcp
from golden.errors import StageError, UserError
from golden.host.network import free_address
from golden.paths import ROOT
from tests.unit.small_site import small_site

SITE = small_site()
SUBNET = str(SITE.network.subnet)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """eth1 with an address; what a test changes is what the host has."""
    has = {"eth1": "198.51.100.250", "default": "eth0"}

    def answer(words: list[str], **_: Any) -> run.Result:
        if "address" in words:
            name = words[-1]
            if name not in has:
                raise StageError("", "no such device")
            info = [{"local": one, "prefixlen": 24} for one in has[name].split()]
            return run.Result(0, json.dumps([{"addr_info": info}]), 0)
        return run.Result(0, json.dumps([{"dst": "default", "dev": has["default"]}]), 0)

    monkeypatch.setattr(run, "run", answer)
    return has


def test_an_interface_on_the_nodes_network(host: dict[str, str]) -> None:
    found = dhcp.interface("eth1", SITE.nodes, SUBNET)
    assert str(found.address) == "198.51.100.250/24"


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("eth9", {}, "no such interface"),
        ("eth1", {"eth1": ""}, "no IPv4 address"),
        ("eth1", {"eth1": "192.0.2.1"}, "does not reach n1"),
        ("eth1", {"eth1": "198.51.100.2"}, "is the address of n2"),
        ("eth1", {"default": "eth1"}, "--shared"),
    ],
    ids=["missing", "no address", "another network", "a node's address", "default route"],
)
def test_refused(host: dict[str, str], name: str, changes: dict[str, str], words: str) -> None:
    host.update(changes)
    with pytest.raises(UserError, match=words):
        dhcp.interface(name, SITE.nodes, SUBNET)


def test_of_several_addresses_the_one_of_the_nodes_network(host: dict[str, str]) -> None:
    host["eth1"] = "192.0.2.1 198.51.100.250"
    found = dhcp.interface("eth1", SITE.nodes, SUBNET)
    assert str(found.address) == "198.51.100.250/24"


def test_the_default_route_when_it_is_meant(host: dict[str, str]) -> None:
    host["default"] = "eth1"
    assert dhcp.interface("eth1", SITE.nodes, SUBNET, shared=True).name == "eth1"


def test_dnsmasq_answers_our_machines_alone(tmp_path: Path) -> None:
    served = dhcp.Interface("eth1", ipaddress.IPv4Interface("198.51.100.250/24"))
    text = dhcp.config(served, SITE.nodes, "http://198.51.100.250:8080")
    lines = text.splitlines()
    assert "port=0" in lines
    assert "interface=eth1" in lines
    assert "bind-interfaces" in lines
    # static: no address for a machine that is not named.
    assert "dhcp-range=198.51.100.0,static,255.255.255.0,1h" in lines
    assert "dhcp-host=02:00:00:00:00:01,198.51.100.1,n1,1h" in lines
    url = "http://198.51.100.250:8080"
    assert "dhcp-boot=tag:!ipxe,tag:!uefi,undionly.kpxe" in lines
    assert f"dhcp-boot=tag:ipxe,tag:!uefi,{url}/boot/${{mac:hexhyp}}.ipxe" in lines


def test_dnsmasq_takes_it(tmp_path: Path) -> None:
    served = dhcp.Interface("lo", ipaddress.IPv4Interface("198.51.100.250/24"))
    words = dhcp.prepare(served, SITE.nodes, "http://198.51.100.250:8080", tmp_path)
    assert "syntax check OK" in run.run([*words, "--test"], cwd=tmp_path).out


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: a network of one's own needs root")
def test_strange_machines_get_no_answer_and_ours_the_right_one(tmp_path: Path) -> None:
    words = ["unshare", "--net", sys.executable, "-m", "tests.unit.boot.metal.asking", tmp_path]
    said = run.run(words, cwd=ROOT, timeout=120).out
    found = json.loads(said.partition("@answers ")[2])
    strange = [answer for name, answer in found.items() if name.startswith("strange")]
    assert strange == [None, None, None]
    url = "http://198.51.100.250:8080"
    assert {name: answer for name, answer in found.items() if answer} == {
        "ours": ["198.51.100.1", "undionly.kpxe"],
        "ipxe": ["198.51.100.1", f"{url}/boot/${{mac:hexhyp}}.ipxe"],
        "uefi": ["198.51.100.1", "ipxe.efi"],
        "uefi ipxe": ["198.51.100.1", f"{url}/uefi/${{mac:hexhyp}}.ipxe"],
    }


@pytest.mark.parametrize("gone", ["ROM", "UEFI_ROM"])
def test_without_ipxe_no_machine_would_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gone: str
) -> None:
    monkeypatch.setattr(run, "which", Path)
    monkeypatch.setattr(dhcp, gone, tmp_path / "none")
    with pytest.raises(UserError, match="apt-get install dnsmasq-base ipxe"):
        dhcp.program()


def test_the_rehearsals_host_takes_no_address_of_the_site() -> None:
    assert free_address(SITE) == "198.51.100.254"

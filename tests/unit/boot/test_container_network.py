"""The site's subnet on this host: never in the place of something that the host needs."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from golden.boot.container import network
from golden.definition.files import Network
from golden.errors import UserError
from golden.host import Finding
from golden.host.network import free_address
from golden.packages import sources
from tests.unit.boot.fake_docker import Engine
from tests.unit.small_site import small_site

SITE = small_site()


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """What the doctor finds about the routes and mirrors of this host."""
    fine = {"routes": True, "mirrors": True}

    def finding(what: str) -> Finding:
        return Finding(what, fine[what], False, f"{what} are in it")

    monkeypatch.setattr(sources, "host_sources", lambda: ())
    monkeypatch.setattr(network.surroundings, "subnet_and_routes", lambda *words: finding("routes"))
    monkeypatch.setattr(
        network.surroundings, "subnet_and_mirrors", lambda *words: finding("mirrors")
    )
    return fine


def check(engine: Any) -> None:
    network.check(engine, SITE, "lan")


@pytest.mark.parametrize("what", ["routes", "mirrors"])
def test_a_subnet_that_the_host_needs_is_refused(surroundings: dict[str, bool], what: str) -> None:
    check(Engine())
    surroundings[what] = False
    with pytest.raises(UserError, match=f"subnet 198.51.100.0/24 .* {what} are in it"):
        check(Engine())


def test_our_own_network_is_no_neighbour(surroundings: dict[str, bool]) -> None:
    engine = Engine()
    engine.networks.add("lan")
    surroundings["routes"] = False
    check(engine)


def test_it_is_internal_and_made_once() -> None:
    engine: Any = Engine()
    network.ensure(engine, SITE, "lan", {"golden.home": "x"})
    network.ensure(engine, SITE, "lan", {"golden.home": "x"})
    assert engine.calls == ["create lan"]
    made = engine.networks.get("lan").options
    assert made["internal"] is True and made["driver"] == "bridge"
    assert made["ipam"]["Config"] == [
        {
            "Subnet": "198.51.100.0/24",
            "Gateway": "198.51.100.254",
            "IPRange": None,
            "AuxiliaryAddresses": None,
        }
    ]


def test_the_host_takes_the_highest_address_that_is_nobody_s() -> None:
    crowded = dataclasses.replace(
        SITE, network=Network(subnet="198.51.100.0/29", gateway="198.51.100.6")
    )
    assert free_address(crowded) == "198.51.100.5"
    with pytest.raises(UserError, match="no address left for this host"):
        free_address(dataclasses.replace(SITE, network=Network(subnet="198.51.100.0/30")))


def test_the_interface_of_the_network_is_known_by_its_id() -> None:
    engine: Any = Engine()
    assert network.bridge(engine, "lan") == ""
    network.ensure(engine, SITE, "lan", {})
    engine.networks.get("lan").id = "0123456789abcdef"
    assert network.bridge(engine, "lan") == "br-0123456789ab"

"""compose.yaml is the one description of a node as a container, for us and for docker compose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from golden.boot.container import options
from golden.errors import UserError
from tests.unit.boot.fake_docker import offline

VALUES = {
    "NODE1_IMAGE": "golden/top:key",
    "NODE1_NAME": "n1",
    "NODE1_FQDN": "n1.small.example",
    "NODE1_ADDRESS": "198.51.100.1",
    "NODE1_FOLDER": "/run/n1",
    "GOLDEN_OPEN_FILES": "20000",
    "GOLDEN_SITE": "small",
    "GOLDEN_CLONE": "abc",
}


def arguments(**changes: Any) -> dict[str, Any]:
    service = options.pattern(VALUES) | changes
    volumes = {"archip": "p_archip", "node1-state": "p_n1-state"}
    return options.arguments(offline(), service, network="p_lan", volumes=volumes)


def test_a_node_may_do_two_things_more_than_any_container() -> None:
    host = arguments()["host_config"]
    assert host["CapAdd"] == ["NET_ADMIN", "SYS_ADMIN"]
    assert "Privileged" not in host and "Devices" not in host
    assert host["SecurityOpt"] == ["apparmor=unconfined"]


def test_init_is_process_1_with_a_terminal() -> None:
    found = arguments()
    assert found["tty"] and found["stdin_open"]
    assert found["host_config"]["Init"] is False
    # The init scripts of other distributions' containers look for this word too.
    assert found["environment"]["container"] == "docker"
    assert found["stop_signal"] == "SIGINT"


def test_it_bears_what_inv_down_looks_for() -> None:
    marks = {"golden.home": "abc", "golden.site": "small", "golden.node": "n1"}
    assert arguments()["labels"] == marks


def test_open_files_are_what_the_engine_allows() -> None:
    (limit,) = arguments()["host_config"]["Ulimits"]
    assert (limit["Name"], limit["Soft"], limit["Hard"]) == ("nofile", 20000, 20000)


def test_it_is_on_the_site_s_network_with_its_own_address() -> None:
    found = arguments()
    assert found["host_config"]["NetworkMode"] == "p_lan"
    (name, endpoint) = next(iter(found["networking_config"]["EndpointsConfig"].items()))
    assert name == "p_lan"
    assert endpoint["IPAMConfig"] == {"IPv4Address": "198.51.100.1"}


def test_it_sees_its_seed_read_only_and_what_the_nodes_share() -> None:
    binds = arguments()["host_config"]["Binds"]
    assert "/run/n1/seed:/var/lib/golden-seed:ro" in binds
    assert "p_archip:/srv/archip" in binds
    assert "p_n1-state:/var/lib/golden-state" in binds
    assert f"{options.COMPOSE.parent}/fstab:/etc/fstab:ro" in binds
    assert "/run/n1/etc/hosts:/etc/hosts" in binds


def test_every_service_of_the_file_is_the_pattern_with_its_own_values() -> None:
    document = yaml.safe_load(options.COMPOSE.read_text())
    pattern = yaml.safe_dump(document["services"][options.PATTERN])
    for name, service in document["services"].items():
        own = pattern.replace("NODE1_", f"{name.upper()}_").replace("node1-", f"{name}-")
        assert yaml.safe_dump(service) == own


def test_the_network_of_the_file_leads_nowhere() -> None:
    assert yaml.safe_load(options.COMPOSE.read_text())["networks"]["lan"]["internal"] is True


def test_what_nobody_would_heed_is_an_error() -> None:
    with pytest.raises(UserError, match="does not know devices, privileged"):
        arguments(privileged=True, devices=[])


def test_a_value_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no value NODE1_FQDN; there are GOLDEN_CLONE"):
        options.pattern({name: text for name, text in VALUES.items() if name != "NODE1_FQDN"})


@pytest.mark.parametrize(("text", "count"), [("256m", 256 << 20), ("1g", 1 << 30), ("4K", 4096)])
def test_sizes(text: str, count: int) -> None:
    assert options.size(text) == count

"""The stranger that asks for ports, under each Python of a node, in a network of its own."""

from __future__ import annotations

import json
import os

import pytest

from golden import run
from golden.paths import SCRIPTS
from tests.unit.pythons import PYTHONS

# A bridge and a card with a neighbour, and something that listens on both.
NETWORK = """
mount -t sysfs none /sys
ip link set lo up
ip link add name br1 type bridge forward_delay 0
ip address add 10.0.0.1/24 dev br1
ip link set br1 up
ip link add name eth0 type veth peer name eth1
ip address add 10.0.1.1/24 dev eth1
ip link set eth0 up
ip link set eth1 up
"""
DRIVER = """
import json, socket, sys
import stranger
real = stranger.ask
# Debian's arping is in a node, not on every host.
stranger.ask = lambda argv: argv[0] == "arping" or real(argv)
server = socket.socket()
server.bind(("0.0.0.0", 5000))
server.listen(9)
print(json.dumps([stranger.main(request) for request in json.load(sys.stdin)]))
"""


def asked(python: str, *requests: dict[str, object]) -> list[dict[str, object]]:
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    argv = [
        "unshare",
        *user,
        "--net",
        "--mount",
        "--",
        "sh",
        "-euc",
        f'{NETWORK}\nexec "$0" -c "$1"',
    ]
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS / "check")}
    said = run.run([*argv, python, DRIVER], env=environment, stdin=json.dumps(requests), timeout=60)
    found: list[dict[str, object]] = json.loads(said.out.splitlines()[-1])
    return found


def request(link: str, network: str, *ports: int) -> dict[str, object]:
    target = f"{network}.1"
    return {
        "link": link,
        "address": f"{network}.9/24",
        "gateway": "",
        "targets": [target],
        "ports": list(ports),
        "surely": [(target, 5000)],
    }


@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_open_and_closed_ports_are_told_apart(python: str) -> None:
    on_bridge, beside_card = asked(
        python, request("br1", "10.0.0", 5000, 5001), request("eth0", "10.0.1", 5000, 5001)
    )
    assert on_bridge == {"answer": {"10.0.0.1": {"open": [5000], "closed": [5001]}}}
    assert beside_card == {"answer": {"10.0.1.1": {"open": [5000], "closed": [5001]}}}


def test_what_cannot_be_plugged_in_is_said() -> None:
    (found,) = asked(PYTHONS["3"], request("eth9", "10.0.0", 5000))
    assert "eth9" in str(found["error"])

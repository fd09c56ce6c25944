"""The stranger that asks for ports, under each Python of a node, in a network of its own."""

from __future__ import annotations

import json
import os
from typing import Any

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


def asked(
    python: str, *requests: dict[str, object], network: str = NETWORK, driver: str = DRIVER
) -> list[Any]:
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    argv = [
        "unshare",
        *user,
        "--net",
        "--mount",
        "--",
        "sh",
        "-euc",
        f'{network}\nexec "$0" -c "$1"',
    ]
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS / "check")}
    said = run.run([*argv, python, driver], env=environment, stdin=json.dumps(requests), timeout=60)
    found: list[Any] = json.loads(said.out.splitlines()[-1])
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


# A node that has no address and drops whatever it could say itself, and another on the same wire.
WIRE = """
mount -t sysfs none /sys
ip link add name eth0 type veth peer name eth1
ip link set eth0 up
"""
MACHINE = """
import ctypes, json, os, socket, subprocess, sys
import stranger
words = lambda argv: subprocess.check_output(argv).decode()
real = stranger.ask
stranger.ask = lambda argv: argv[0] == "arping" or real(argv)
(told, tell), (ready, is_ready) = os.pipe(), os.pipe()
if os.fork() == 0:
    assert ctypes.CDLL(None).unshare(stranger.NEW_NETWORK) == 0
    os.write(is_ready, str(os.getpid()).encode())
    while subprocess.call("ip link show eth1 > /dev/null 2>&1", shell=True):
        pass
    for line in ("address add 10.0.1.1/24 dev eth1", "link set eth1 up"):
        subprocess.check_call(["ip"] + line.split())
    server = socket.socket()
    server.bind(("0.0.0.0", 5000))
    server.listen(9)
    os.write(is_ready, b"!")
    peer = server.accept()[1][0]
    os.write(tell, json.dumps([peer, words(["ip", "neigh"]).split()[4]]).encode())
    server.accept()
machine = int(os.read(ready, 99).decode())
subprocess.check_call(["ip", "link", "set", "eth1", "netns", str(machine)])
assert os.read(ready, 1) == b"!"
found = stranger.main(json.load(sys.stdin)[0])
lo, eth0 = (words(["ip", "-o", "link", "show", name]) for name in ("lo", "eth0"))
seen = json.loads(os.read(told, 999).decode())
os.kill(machine, 9)
print(json.dumps([found, seen, "DOWN" in lo, eth0.split("link/ether")[1].split()[0]]))
"""


@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_the_node_beside_which_it_stands_has_no_part_in_it(python: str) -> None:
    """It reaches another machine while that node has no address, no route and not even loopback:
    no packet can have gone through the node's own stack, and so through its packet filter."""
    found, seen, is_down, mac = asked(
        python, request("eth0", "10.0.1", 5000, 5001), network=WIRE, driver=MACHINE
    )
    assert found == {"answer": {"10.0.1.1": {"open": [5000], "closed": [5001]}}}
    address, stranger = seen
    assert (address, is_down) == ("10.0.1.9", True)
    assert stranger != mac


def test_what_cannot_be_plugged_in_is_said() -> None:
    (found,) = asked(PYTHONS["3"], request("eth9", "10.0.0", 5000))
    assert "eth9" in str(found["error"])

"""A node, another, a third machine and a virtual machine as network namespaces; see `main`.

Run by `unshare --net --mount`, for tests of the packet filter. It reads a job from stdin and prints
{who asks whom: the ports that answer}, and what the packet filter says of itself.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

NODE, PEER, THIRD = "198.51.100.1", "198.51.100.2", "198.51.100.77"
GATEWAY, MACHINE = "10.0.0.1", "10.0.0.9"
# An answer comes in a millisecond; what is dropped never comes.
SECONDS = 0.6
NETWORK = f"""
mount -t tmpfs none /run
ip netns add lan
ip netns add machine
ip link set lo up
ip link add eth0 type veth peer name eth0 netns lan
ip link add br1 type veth peer name eth0 netns machine
ip address add {NODE}/24 dev eth0
ip address add {GATEWAY}/24 dev br1
ip link set eth0 up
ip link set br1 up
ip -n lan address add {PEER}/24 dev eth0
ip -n lan address add {THIRD}/24 dev eth0
ip -n lan link set eth0 up
ip -n machine address add {MACHINE}/24 dev eth0
ip -n machine link set eth0 up
ip -n machine link set lo up
ip -n machine route add default via {GATEWAY}
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
echo 0 >/proc/sys/net/ipv4/conf/br1/rp_filter
iptables -t nat -A POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE
"""
ASKING = {
    "another node": ("lan", PEER, NODE),
    "a third machine": ("lan", THIRD, NODE),
    "a machine, at its gateway": ("machine", MACHINE, GATEWAY),
    "a machine, at the node": ("machine", MACHINE, NODE),
    "a machine, at the node beyond": ("machine", MACHINE, PEER),
}


def answering(source: str, target: str, ports: Sequence[int]) -> list[int]:
    """The `ports` of `target` that take a connection from `source`."""
    waiting, found = selectors.DefaultSelector(), []
    for port in ports:
        link = socket.socket()
        link.setblocking(False)
        link.bind((source, 0))
        link.connect_ex((target, port))
        waiting.register(link, selectors.EVENT_WRITE, port)
    end = time.monotonic() + SECONDS
    while waiting.get_map() and (left := end - time.monotonic()) > 0:
        for key, _ in waiting.select(left):
            waiting.unregister(key.fileobj)
            if key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:  # type: ignore[union-attr]
                found.append(key.data)
    return sorted(found)


@contextlib.contextmanager
def listening(ports: Sequence[int]) -> Iterator[None]:
    """Listen on `ports` here and, as the other node does, beyond."""
    servers = [socket.create_server(("0.0.0.0", port), backlog=64) for port in ports]
    argv = ["ip", "netns", "exec", "lan", sys.executable, __file__, "serve", *map(str, ports)]
    beyond = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert beyond.stdout is not None and beyond.stdout.readline() == b"ready\n"
    yield
    beyond.communicate()
    for server in servers:
        server.close()


def said_of(program: str) -> list[str]:
    """The filter that is loaded."""
    return subprocess.check_output([program, "-S"], text=True).splitlines()


def main() -> None:
    """{"program", "rules": {family: text}, "ports"} on stdin."""
    job = json.load(sys.stdin)
    subprocess.run(["sh", "-euc", NETWORK], check=True)
    found: dict[str, object] = {}
    for family, program in (
        ("ipv4", job["program"]),
        ("ipv6", job["program"].replace("ip", "ip6", 1)),
    ):
        restore = f"{program}-restore"
        subprocess.run([restore], input=job["rules"][family], text=True, check=True)
        found[family] = said_of(program)
    with listening(job["ports"]):
        for who, (namespace, source, target) in ASKING.items():
            argv = ["ip", "netns", "exec", namespace, sys.executable, __file__, "ask"]
            words = [source, target, *map(str, job["ports"])]
            found[who] = json.loads(subprocess.check_output([*argv, *words]))
    print(json.dumps(found))


if __name__ == "__main__":
    if sys.argv[1:2] == ["ask"]:
        print(json.dumps(answering(sys.argv[2], sys.argv[3], list(map(int, sys.argv[4:])))))
    elif sys.argv[1:2] == ["serve"]:
        held = [socket.create_server(("0.0.0.0", int(port)), backlog=64) for port in sys.argv[2:]]
        print("ready", flush=True)
        sys.stdin.read()
    else:
        main()

"""Machines that ask dnsmasq for an address.

Usage: unshare --net python -m tests.unit.boot.metal.asking FOLDER

Makes a cable with dnsmasq at one end, in a network namespace that is its own. Prints what each
machine was answered as one line of JSON: null, or the address and the boot file.
"""

from __future__ import annotations

import ipaddress
import json
import select
import socket
import struct
import sys
import time
from pathlib import Path

from golden import daemon, run
from golden.boot.metal import dhcp
from tests.unit.small_site import small_site

COOKIE = b"\x63\x82\x53\x63"
DISCOVER, REQUEST, INFORM = 1, 3, 8
OURS, STRANGE = "02:00:00:00:00:01", "02:00:00:00:00:99"
HOST = "198.51.100.250"
# A machine of ours is answered last, so whatever would answer the others has had its time.
SECONDS = 30.0

IPXE = bytes([175, 1, 0])
UEFI = bytes([93, 2, 0, 7])
ASKED = {
    "strange discover": (STRANGE, DISCOVER, "0.0.0.0", b""),
    "strange request": (STRANGE, REQUEST, "0.0.0.0", bytes([50, 4, 198, 51, 100, 77])),
    "strange inform": (STRANGE, INFORM, "198.51.100.77", b""),
    "uefi": (OURS, DISCOVER, "0.0.0.0", UEFI),
    "uefi ipxe": (OURS, DISCOVER, "0.0.0.0", UEFI + IPXE),
    "ipxe": (OURS, DISCOVER, "0.0.0.0", IPXE),
    "ours": (OURS, DISCOVER, "0.0.0.0", b""),
}


def main(folder: Path) -> None:
    """Ask all of ASKED."""
    for words in (
        "link add host0 type veth peer name machine0",
        f"address add {HOST}/24 dev host0",
        "link set host0 up",
        "link set machine0 up",
        # For the answer that goes to an address straight.
        f"neighbour add 198.51.100.77 lladdr {STRANGE} dev host0",
    ):
        run.run(["ip", *words.split()])
    served = dhcp.Interface("host0", ipaddress.IPv4Interface(f"{HOST}/24"))
    words = dhcp.prepare(served, small_site().nodes, f"http://{HOST}:8080", folder)
    record = folder / "dhcp.json"
    log = folder / "log"
    process = daemon.start(words, name="dnsmasq", log=log, ready=daemon.settled(2), cwd=folder)
    daemon.remember(record, process)
    try:
        sys.stdout.write(f"@answers {json.dumps(_answers())}\n")
    finally:
        daemon.end(record)


def _answers() -> dict[str, tuple[str, str] | None]:
    found: dict[str, tuple[str, str] | None] = dict.fromkeys(ASKED)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as link:
        link.bind(("machine0", 0))
        for number, (mac, kind, address, options) in enumerate(ASKED.values()):
            link.send(_frame(number, mac, kind, address, options))
        deadline = time.monotonic() + SECONDS
        while found["ours"] is None and time.monotonic() < deadline:
            if select.select([link], [], [], 0.1)[0]:
                _note(link.recv(4096), found)
    return found


def _note(frame: bytes, found: dict[str, tuple[str, str] | None]) -> None:
    """An answer (RFC 2131, 2): its number is that of the question."""
    message = frame[14 + 20 + 8 :]
    if len(message) > 236 and message[0] == 2:
        name = list(ASKED)[int.from_bytes(message[4:8], "big")]
        options = _options(message[240:])
        file = options.get(67, message[108:236]).rstrip(b"\0").decode()
        found[name] = socket.inet_ntoa(message[16:20]), file


def _options(data: bytes) -> dict[int, bytes]:
    found = {}
    while data and data[0] != 255:
        length = data[1]
        found[data[0]] = data[2 : 2 + length]
        data = data[2 + length :]
    return found


def _frame(number: int, mac: str, kind: int, address: str, options: bytes) -> bytes:
    """A question as it is on the cable: Ethernet, IP, UDP, DHCP; the answer is to be broadcast."""
    hardware = bytes.fromhex(mac.replace(":", ""))
    own = socket.inet_aton(address)
    head = struct.pack(">BBBBIHH4s", 1, 1, 6, 0, number, 0, 0x8000, own)
    message = head + bytes(12) + hardware.ljust(16, b"\0") + bytes(192) + COOKIE
    message += bytes([53, 1, kind]) + bytes([55, 2, 1, 67]) + options + b"\xff"
    udp = struct.pack(">HHHH", 68, 67, 8 + len(message), 0) + message
    ip = struct.pack(
        ">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0, own, b"\xff" * 4
    )
    total = sum(word for (word,) in struct.iter_unpack(">H", ip))
    check = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    ip = ip[:10] + check.to_bytes(2, "big") + ip[12:]
    return b"\xff" * 6 + hardware + b"\x08\x00" + ip + udp


if __name__ == "__main__":
    main(Path(sys.argv[1]))

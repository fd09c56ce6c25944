"""dnsmasq with the rendered configuration, and another one that plays the world outside."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden import run
from golden.host.ports import free_port
from tests.unit.images.synnefo_files import changed, filled

pytestmark = pytest.mark.skipif(not run.which("dnsmasq"), reason="needs dnsmasq")
MAIL, NODE = "mysmtp.server.example.com", "node1.example.com"


def ask(port: int, name: str, kind: int = 1) -> tuple[int, bytes]:
    """(response code, the end of the answer) of a question of RFC 1035; kind 1 is A, 28 is AAAA."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.settimeout(5)
        link.connect(("127.0.0.1", port))
        link.send(
            struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + labels + struct.pack(">B2H", 0, kind, 1)
        )
        answer = link.recv(512)
    count = struct.unpack(">H", answer[6:8])[0]
    return answer[3] & 15, answer[-4:] if count else b""


class Server:
    """A dnsmasq of its own on the loopback."""

    def __init__(self, folder: Path, name: str, lines: list[str]) -> None:
        self.port = free_port()
        conf = folder / f"{name}.conf"
        own = [f"port={self.port}", "listen-address=127.0.0.1", "bind-interfaces", "no-daemon"]
        conf.write_text("\n".join([*own, *lines]) + "\n")
        log = folder / f"{name}.log"
        argv = ["dnsmasq", f"--conf-file={conf}", "--user=root", f"--pid-file={folder}/{name}.pid"]
        self.process = run.start([*argv, "--log-facility=-"], log=log)
        end = time.monotonic() + 10
        while True:
            try:
                ask(self.port, "localhost")
                return
            except OSError:
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.1)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[int]:
    """A server that knows the mail server of the guide's domain, and no node."""
    lines = ["no-hosts", "no-resolv", f"address=/{MAIL}/192.0.2.25"]
    server = Server(tmp_path, "outside", lines)
    yield server.port
    run.end(server.process)


def rendered(folder: Path, outside: int, owns: bool) -> list[str]:
    """node1's configuration, with another address to listen on and the other server to ask."""
    files = changed("example", "node1", dns_owns_domain=owns)
    (folder / "hosts").write_text(filled(files["/etc/hosts"]))
    text = filled(files["/etc/dnsmasq.conf"])
    assert "resolv-file=/etc/external-dns" in text
    other = r"(?m)^(resolv-file|listen-address|bind-interfaces|except-interface|no-dhcp-).*\n"
    hosts = ["no-hosts", f"addn-hosts={folder}/hosts", "no-resolv", f"server=127.0.0.1#{outside}"]
    return [*re.sub(other, "", text).splitlines(), *hosts]


@pytest.mark.parametrize("owns", [False, True], ids=["shares its domain", "owns its domain"])
def test_other_hosts_of_the_domain_are_known_unless_it_is_all_ours(
    tmp_path: Path, outside: int, owns: bool
) -> None:
    server = Server(tmp_path, "node1", rendered(tmp_path, outside, owns))
    try:
        assert ask(server.port, NODE) == (0, bytes([203, 0, 113, 1]))
        assert ask(server.port, MAIL) == ((3, b"") if owns else (0, bytes([192, 0, 2, 25])))
        # Of another type there is nothing, which is no error, and nobody outside is asked.
        assert ask(server.port, NODE, 28) == (0, b"")
        assert ask(server.port, "nod1.example.com")[0] in ((3,) if owns else (3, 5))
    finally:
        run.end(server.process)

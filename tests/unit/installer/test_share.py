"""When the installer shares pieces with other machines, and what it does when that goes wrong.

The BitTorrent client is played: by a script that puts pieces into the folder it is given. The real
one is in tests/integration/installer/test_sharing.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.installer.machine import Machine, Outcome, boots, digest, holds
from tests.unit.installer.test_network import RULE, Server, server

__all__ = ["server"]

# What it is told: -g FOLDER -w FOLDER TORRENT.
BEGIN = """\
echo $$ > "$GOLDEN_ROOT/client.pid"
cat "$2/settings.json" "$5" > "$GOLDEN_ROOT/client.told"
mkdir "$4/master"
"""
ALL = 'cp "$GOLDEN_ROOT"/run/stick/master/*.gz "$4/master"\n'
FIRST = 'cp "$GOLDEN_ROOT/run/stick/master/00000.gz" "$4/master"\n'
STAY = "exec /bin/sleep 60\n"
PIECES = ("master/00000.gz", "master/00002.gz")


class Sharing:
    """A machine whose manifest has a torrent, and the server that it is installed from."""

    def __init__(self, machine: Machine, server: Server) -> None:
        self.machine, self.server = machine, server
        self.image = machine.bundle(RULE)
        self.disk = machine.disk("vda", 100, "S1")
        (machine.stick / "master.torrent").write_bytes(b"a torrent")
        self.sign(digest(b"a torrent"))
        self.memory(4096)
        # As quick as others, but what runs beside it must have its turn.
        self.program("sleep", "exec /bin/sleep 0.02\n")

    def sign(self, sha256: str) -> None:
        text = (self.machine.stick / "manifest").read_text()
        self.machine.sign(f"{text}torrent master {sha256}\n")

    def memory(self, mib: int) -> None:
        self.machine.write("proc/meminfo", f"MemTotal: 9999999 kB\nMemFree: {mib * 1024} kB")

    def program(self, name: str, body: str) -> None:
        path = self.machine.root / "fakes" / name
        path.write_text(f"#!/bin/sh\n{body}")
        path.chmod(0o755)

    def install(self, client: str) -> Outcome:
        """Install with this client; it always ends with a whole disk."""
        self.program("transmission-cli", client)
        done = self.machine.install()
        assert done.code == 0, done.out
        assert boots(self.disk) and holds(self.disk, self.image)
        return done

    def asked(self) -> list[int]:
        """How often each piece was asked for over HTTP."""
        return [self.server.asked[name] for name in PIECES]


@pytest.fixture
def sharing(machine: Machine, server: Server) -> Sharing:
    return Sharing(machine, server)


def said(done: Outcome) -> str:
    return "\n".join(event["detail"] for event in done.events)


def test_shared_pieces_are_not_fetched(sharing: Sharing) -> None:
    done = sharing.install(BEGIN + ALL + STAY)
    assert sharing.asked() == [0, 0]
    assert "HTTP" not in said(done)
    told = (sharing.machine.root / "client.told").read_text()
    assert '"lpd-enabled": true' in told and told.endswith("a torrent")
    # It shares until the end, and not beyond.
    client = int((sharing.machine.root / "client.pid").read_text())
    assert not Path(f"/proc/{client}").exists() or "Z" in _state(client)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_without_memory_for_all_pieces_it_is_as_without_a_torrent(sharing: Sharing) -> None:
    sharing.memory(100)
    done = sharing.install(BEGIN + ALL + STAY)
    assert "pieces come by HTTP alone: of 100 MiB of free memory 193 MiB would be needed" in said(
        done
    )
    assert sharing.asked() == [2, 2]
    assert not (sharing.machine.root / "client.pid").exists()


def test_another_torrent_than_the_manifests(sharing: Sharing) -> None:
    (sharing.machine.stick / "master.torrent").write_bytes(b"another")
    done = sharing.install(BEGIN + ALL + STAY)
    assert "HTTP alone: master.torrent is not what the manifest names (SHA-256)" in said(done)
    assert not (sharing.machine.root / "client.pid").exists()


def test_a_client_that_ends(sharing: Sharing) -> None:
    done = sharing.install(BEGIN + FIRST + "echo 'no such port'\nexit 1\n")
    sentence = "the other pieces come by HTTP: transmission-cli ended: no such port"
    assert sentence in said(done)
    assert sharing.asked() == [0, 2]


def test_a_client_that_does_not_even_begin(sharing: Sharing) -> None:
    done = sharing.install("exit 127\n")
    assert "the other pieces come by HTTP: transmission-cli ended" in said(done)
    assert sharing.asked() == [2, 2]


def test_peers_and_server_that_give_nothing_more(sharing: Sharing) -> None:
    part = 'head -c 100000 /dev/zero > "$4/master/00002.gz.part"\n'
    talk = "while /bin/sleep 0.01; do seq 1000; done\n"
    done = sharing.install(BEGIN + FIRST + part + talk)
    assert "the other pieces come by HTTP: nothing came for 30 seconds" in said(done)
    assert sharing.asked() == [0, 2]


def test_a_piece_that_is_not_the_manifests_comes_by_http(sharing: Sharing) -> None:
    sharing.install(BEGIN + ALL + 'echo wrong > "$4/master/00002.gz"\n' + STAY)
    assert sharing.asked() == [0, 2]


def test_the_server_is_gone_and_no_peer_has_the_rest(sharing: Sharing) -> None:
    gone = 'rm "$GOLDEN_ROOT/run/stick/master/00002.gz"\n'
    sharing.program("transmission-cli", BEGIN + FIRST + gone + "exit 1\n")
    done = sharing.machine.install()
    assert (done.code, done.last["state"]) == (1, "failed")
    assert "master/00002.gz cannot be had from http://" in done.last["detail"]
    assert sharing.machine.writes() == 0


def test_a_stick_shares_nothing(sharing: Sharing) -> None:
    sharing.machine.words("golden.source=stick")
    sharing.install(BEGIN + ALL + STAY)
    assert not (sharing.machine.root / "client.pid").exists()

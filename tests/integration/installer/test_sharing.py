"""Machines on a network that install the same image at once, each with the real installer, our
server and a real BitTorrent client; the links are slow enough to disturb them on their way."""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.lan import Host, Lan
from bench.sharing import server
from golden import paths, run
from golden.definition.models import Node
from golden.keys import secrets, signing
from tests.unit.installer.conftest import MEMORY
from tests.unit.installer.machine import MIB, Machine, boots, holds, picture
from tests.waiting import until

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="NOT RUN: a network of one's own needs root"
)

RATE = "24mbit"
SECONDS = 240.0


def content() -> bytes:
    """An image of which 20 MiB do not compress: 7 s of a link, or 21 s for three machines."""
    made = bytearray(picture())
    for start, mib in ((4, 10), (20, 10)):
        made[start * MIB : (start + mib) * MIB] = random.Random(start).randbytes(mib * MIB)
    return bytes(made)


class Site:
    """Three machines and our server, on one switch."""

    def __init__(self, folder: Path, lan: Lan) -> None:
        self.image, self.nodes = content(), server.nodes(3)
        self.folder, self.lan, self.host = folder, lan, lan.join("198.51.100.254")
        server.bundle(folder / "bundle", self.nodes, self.image, server.url(self.host))
        self.server = server.serve(self.host, folder / "bundle", folder / "run", self.nodes)
        self.machines = [
            Installing(folder, node, lan.join(f"198.51.100.{n}"), self)
            for n, node in enumerate(self.nodes, 1)
        ]

    def off(self) -> None:
        for machine in self.machines:
            machine.off()
        self.server.end()


class Installing:
    """A machine at `host` that installs itself from `site` as soon as it is switched on."""

    def __init__(self, folder: Path, node: Node, host: Host, site: Site) -> None:
        root = folder / node.name
        self.machine = Machine(root, ("dash",))
        self.machine.words(
            f"golden.source={server.url(site.host)}",
            f"golden.node={node.name}",
            f"golden.token={server.TOKEN}",
        )
        self.machine.write("proc/meminfo", "MemFree: 4194304 kB")
        (root / "installer/key.pem").write_bytes(signing.public_key())
        # The real ones: time passes, and the client is nobody.
        for name in ("sleep", "setpriv"):
            (root / "fakes" / name).unlink()
        mount = 'shift $(($# - 1)); mkdir -p "$1"; chown 65534:65534 "$1"'
        (root / "fakes/mount").write_text(f"#!/bin/sh\n{mount}\n")
        self.disk = self.machine.disk("vda", 100, "S1")
        self.host, self._image, self._node, self._runs = host, site.image, node, folder / "run"
        self._child: run.Process | None = None

    def on(self) -> None:
        root = self.machine.root
        server.netboot(self._runs, self._node)
        # What was in memory is gone.
        shutil.rmtree(root / "run/shared", ignore_errors=True)
        path = f"{root}/fakes:/usr/sbin:/usr/bin:/sbin:/bin"
        self._child = run.start(
            self.host.words("dash", root / "installer/install.sh"),
            env={"GOLDEN_ROOT": str(root), "FAIL_AT": "0", "PATH": path},
            log=root / "log",
        )

    def off(self) -> None:
        """Without power from one moment to the next."""
        if self._child:
            run.end(self._child, 0)

    def code(self) -> int:
        """How it ended."""
        assert self._child is not None
        return self._child.wait(SECONDS)

    def said(self) -> str:
        return (self.machine.root / "dev/console").read_text()

    def is_installed(self) -> bool:
        assert self.code() == 0, self.said()[-3000:]
        return boots(self.disk) and holds(self.disk, self._image)

    def until(self, seen: Callable[[], bool]) -> None:
        until(seen, SECONDS, lambda: self.said()[-3000:])

    def shared_mib(self) -> float:
        """What it has of the pieces."""
        place = self.machine.root / "run/shared"
        found = [file.stat() for file in place.glob("node1/*")]
        return sum(each.st_blocks for each in found) / 2048


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name, Lan(RATE) as lan:
        folder = Path(name)
        # The client is nobody.
        folder.chmod(0o755)
        monkeypatch.setattr(secrets, "SECRETS", folder / "secrets")
        monkeypatch.setattr(paths, "SECRETS", folder / "secrets")
        made = Site(folder, lan)
        yield made
        made.off()


@pytest.mark.slow
def test_one_of_three_loses_its_power(site: Site) -> None:
    lost, *others = site.machines
    before = site.host.sent()
    for machine in site.machines:
        machine.on()
    lost.until(lambda: lost.shared_mib() > 3)
    lost.off()
    assert not boots(lost.disk)
    for machine in others:
        assert machine.is_installed()
        assert "HTTP" not in machine.said()
    # It starts over, as it does when its power is back; nobody is left to share with.
    lost.on()
    assert lost.is_installed()
    # Plain HTTP: two times 20 MiB for each of three, and what the lost one had.
    assert site.host.sent() - before < 100 * MIB


@pytest.mark.slow
def test_a_peer_gives_wrong_bytes(site: Site) -> None:
    liar, count = site.lan.join("198.51.100.66"), site.folder / "given"
    torrent = site.folder / "bundle" / f"{site.nodes[0].kind.name}.torrent"
    program = [sys.executable, "-m", "tests.integration.installer.lying_peer"]
    child = run.start(liar.words(*program, torrent, liar.address, count), cwd=paths.ROOT)
    try:
        for machine in site.machines:
            machine.on()
        for machine in site.machines:
            assert machine.is_installed()
    finally:
        run.end(child)
    # A machine gives up a peer when a few of its pieces were wrong.
    assert int(count.read_text()) > 3


@pytest.mark.nightly
def test_the_server_goes_in_the_middle(site: Site) -> None:
    for machine in site.machines:
        machine.on()
    for machine in site.machines:
        machine.until(lambda machine=machine: machine.shared_mib() > 1)  # type: ignore[misc]
    site.server.end()
    # Whether they have all pieces between them by then is chance; what they say is not.
    for machine in site.machines:
        if machine.code() == 0:
            assert machine.is_installed()
        else:
            assert "cannot be had from http://198.51.100.254:8080" in machine.said()
            assert not (machine.machine.root / "writes").exists()

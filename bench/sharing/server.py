"""A bundle for as many machines as wanted, and our server of it."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.lan import Host
from golden import daemon, definition
from golden.boot.metal.register import Record, Register
from golden.boot.metal.target import HTTP_PORT
from golden.daemon import Process
from golden.definition.files import Disk
from golden.definition.models import Node
from golden.installer import image, manifest, torrent
from golden.installer.manifest import Image, Seed
from golden.keys import signing
from golden.paths import ROOT

SITE = "rehearsal"
TOKEN = "0" * 32


def nodes(count: int) -> list[Node]:
    """Machines of one kind."""
    one = definition.load(SITE).nodes[0]
    return [
        dataclasses.replace(one, name=f"n{n}", mac=f"02:00:00:00:01:{n:02x}")
        for n in range(1, count + 1)
    ]


def bundle(folder: Path, machines: Sequence[Node], content: bytes, url: str) -> Image:
    """Make the bundle of an image with this `content` in `folder`, with a torrent; the name of each
    machine is its seed."""
    kind, raw = machines[0].kind.name, folder / "raw"
    (folder / "seed").mkdir(parents=True)
    raw.write_bytes(content)
    made = image.make(kind, raw, "content", folder / kind, lambda _: None)
    raw.unlink()
    (folder / f"{kind}.torrent").write_bytes(torrent.make(folder / kind, url))
    for node in machines:
        (folder / "seed" / f"{node.name}.iso").write_text(node.name)
    sign(folder, machines, made, shared=True)
    return made


def sign(folder: Path, machines: Sequence[Node], made: Image, *, shared: bool) -> None:
    """Sign a manifest by which the machines share the pieces, or do not."""
    rows = [(node, Disk(serial="S1"), _seed(node)) for node in machines]
    content = (folder / f"{made.kind}.torrent").read_bytes()
    torrents = {made.kind: hashlib.sha256(content).hexdigest()} if shared else {}
    path = folder / "manifest"
    path.write_text(manifest.text(SITE, rows, [made], torrents))
    signing.sign(path)


def _seed(node: Node) -> Seed:
    content = node.name.encode()
    return Seed(len(content), hashlib.sha256(content).hexdigest(), node.name)


def url(host: Host) -> str:
    """Where `serve` answers."""
    return f"http://{host.address}:{HTTP_PORT}"


def netboot(run_folder: Path, node: Node) -> None:
    """As if the machine had got its boot script: its seed goes out once for TOKEN."""
    Register(run_folder / "nodes").write(Record(node.name, node.mac, token=TOKEN))


def serve(host: Host, folder: Path, run_folder: Path, machines: Sequence[Node]) -> Process:
    """Start the server of the bundle in `folder` at `host`; its GOLDEN_HOME is `run_folder`."""
    for node in machines:
        netboot(run_folder, node)
    program = [sys.executable, "-m", "golden.boot.metal.server"]
    return daemon.start(
        host.words(*program, SITE, folder, run_folder, host.address, str(HTTP_PORT)),
        name="the HTTP server",
        log=run_folder / "http.log",
        cwd=ROOT,
        env={"GOLDEN_HOME": str(run_folder)},
        ready=daemon.settled(2),
    )

"""A blank machine started from the network: python -m tests.integration.installer.netbooted FOLDER.

A process of its own, because it leaves this host's network for one of its own; GOLDEN_HOME is to be
the folder too. Prints what happened as one line of JSON.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from golden import daemon
from golden.boot import accelerator
from golden.boot.metal import dhcp, rehearsal
from golden.boot.metal.keeper import Keeper
from golden.boot.metal.register import Record, Register
from golden.boot.metal.server import Handler, Server
from golden.rundir import NodeDir
from tests.integration.installer import tiny_installer
from tests.integration.installer.tiny_installer import NODE, RULE, SITE

PORT = 8080
# Only for what never comes: 120 s beside a load of 6.
SECONDS = 900.0


class Unready(Handler):
    """The first time, it does not give out the initramfs."""

    asked = False

    def _public(self) -> None:
        if self.path == "/initrd" and not Unready.asked:
            Unready.asked = True
            self.send_error(503)
        else:
            super()._public()


def main(folder: Path) -> None:
    """Netboot, install, restart, and see it come up from its disk."""
    bundle = tiny_installer.make(folder / "bundle")
    chosen = accelerator.choose()
    node = dataclasses.replace(NODE, disk=RULE)
    site = dataclasses.replace(SITE, nodes=(node, *SITE.nodes[1:]))
    rehearsal.own_network(site)
    register = Register(folder / "nodes")
    register.write(Record(NODE.name, NODE.mac))
    files, followed = NodeDir(SITE.name, NODE.name), list[str]()
    served = dhcp.interface(rehearsal.BRIDGE, SITE.nodes, str(SITE.network.subnet))
    keeper = Keeper(bundle, register, followed.append)
    server = Server((str(served.address.ip), PORT), keeper)
    server.RequestHandlerClass = Unready
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with _answering(served, server.url, folder):
        files.path.mkdir(parents=True)
        rehearsal.switch_on(site, node, chosen)
        said = _wait(files.path / "serial.log")
        daemon.end(rehearsal.machine(SITE.name, NODE.name))
    answer = {
        "machine": said[-2000:],
        "console": files.console.read_text() if files.console.exists() else "",
        "followed": followed,
        "script": keeper.script(NODE.mac),
        "seed again": _code(f"{server.url}/seed/{NODE.name}"),
        "dnsmasq": (folder / "dnsmasq.log").read_text(errors="replace")[-6000:],
    }
    sys.stdout.write(f"@answer {json.dumps(answer)}\n")


@contextmanager
def _answering(served: dhcp.Interface, url: str, folder: Path) -> Iterator[None]:
    record, log = folder / "dhcp.json", folder / "dnsmasq.log"
    words = dhcp.prepare(served, SITE.nodes, url, folder)
    process = daemon.start(words, name="dnsmasq", log=log, ready=daemon.settled(), cwd=folder)
    daemon.remember(record, process)
    try:
        yield
    finally:
        daemon.end(rehearsal.machine(SITE.name, NODE.name))
        daemon.end(record)


def _wait(console: Path) -> str:
    deadline = time.monotonic() + SECONDS
    said = ""
    while "tiny: seed n1" not in said and time.monotonic() < deadline:
        time.sleep(0.5)
        said = console.read_text(errors="replace") if console.exists() else ""
    return said


def _code(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""scripts/host/record-sharing: measure and write docs/many-machines.md."""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.ending import exit_code
from bench.lan import Host, Lan
from bench.sharing import document, server
from bench.sharing.client import Client
from bench.sharing.document import Plan, Row
from golden import atomic, log
from golden.errors import StageError
from golden.installer.manifest import Image
from golden.paths import ROOT, shown

DOCUMENT = ROOT / "docs" / "many-machines.md"
MIB = 1 << 20
# Nothing here takes half as long, beside other work.
SECONDS = 900.0
MEMORY = Path("/dev/shm")


def main() -> int:
    """The exit code, as of every task."""
    parser = argparse.ArgumentParser(prog="scripts/host/record-sharing")
    parser.add_argument("--mib", type=int, default=32, help="of the image (default: 32)")
    parser.add_argument("--mbit", type=int, default=32, help="of each link (default: 32)")
    parser.add_argument("--machines", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--out", type=Path, default=DOCUMENT)
    options = parser.parse_args()
    plan = Plan(options.mib, options.mbit, os.cpu_count() or 1)
    rows = [measure(plan, count, shared) for count in options.machines for shared in (False, True)]
    atomic.write(options.out, document.text(plan, rows))
    log.info(f"written: {shown(options.out)}")
    return 0


def measure(plan: Plan, count: int, shared: bool) -> Row:
    """Let `count` machines take the image at once."""
    with (
        tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name,
        Lan(f"{plan.mbit}mbit") as lan,
    ):
        return _Run(Path(name), lan, plan, count, shared).row()


@dataclass
class _Run:
    folder: Path
    lan: Lan
    plan: Plan
    count: int
    shared: bool

    def row(self) -> Row:
        """Do it."""
        # The BitTorrent client is nobody.
        self.folder.chmod(0o755)
        host, machines = self.lan.join("198.51.100.254"), server.nodes(self.count)
        content = random.Random(1).randbytes(self.plan.mib * MIB)
        bundle = self.folder / "bundle"
        made = server.bundle(bundle, machines, content, server.url(host))
        server.sign(bundle, machines, made, shared=self.shared)
        joined = [self.lan.join(f"198.51.100.{n}") for n in range(1, self.count + 1)]
        serving = server.serve(host, bundle, self.folder / "run", machines)
        try:
            return self._taken(host, joined, made)
        finally:
            serving.end()

    def _taken(self, host: Host, joined: list[Host], made: Image) -> Row:
        before, began = host.sent(), time.time()
        pairs = zip(joined, server.nodes(self.count), strict=True)
        clients = [
            Client(one, node, self.folder / node.name, server.url(host)) for one, node in pairs
        ]
        try:
            ends = [end - began for end in self._wait(clients)]
            packed = sum(piece.packed_length for piece in made.pieces)
            copies = (host.sent() - before) / packed
            if alone := sum(client.is_alone() for client in clients):
                log.warn(f"{alone} of {self.count} machines gave up sharing")
            memory = max(client.memory() for client in clients)
        finally:
            for client in clients:
                client.end()
        row = Row(self.count, self.shared, min(ends), max(ends), copies, memory)
        log.info(row.line().strip())
        return row

    def _wait(self, clients: list[Client]) -> list[float]:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            ends = [client.finished() for client in clients]
            found = [end for end in ends if end is not None]
            if len(found) == len(ends):
                return found
            time.sleep(0.2)
        raise StageError("bench", f"not all {self.count} machines had their image")


if __name__ == "__main__":
    raise SystemExit(exit_code(main))

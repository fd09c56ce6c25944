"""scripts/host/record-many-nodes: measure and write docs/many-nodes.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench.checkout import WARM, Copy, fresh
from bench.ending import exit_code
from bench.nodes import document, readings, site
from golden import atomic, definition, log, rundir
from golden.boot.container import engine
from golden.errors import UserError
from golden.host import Host, resources
from golden.paths import ARTIFACTS, CACHE, shown

FOLDER = CACHE / "bench" / "nodes"
RECORDS = ARTIFACTS / "many-nodes"


def main() -> int:
    """The exit code, as of every task."""
    counts = numbers(sys.argv[1:])
    engine.connect()
    end_former(Copy(FOLDER))
    copy = fresh(FOLDER, *WARM)
    for count in counts:
        site.define(copy.root, count)
    for count in counts:
        must_fit(definition.load(site.name(count), copy.root), Host())
    for count in counts:
        measure(copy, count)
    if len(every := document.read(RECORDS)) < 2:
        log.info(f"no page yet: it compares two numbers of nodes, and {shown(RECORDS)} has one")
        return 0
    for path, content in (
        (document.PICTURE, document.picture(every)),
        (document.DOCUMENT, document.text(every)),
    ):
        atomic.write(path, content)
        log.info(f"written: {shown(path)}")
    return 0


def numbers(words: Sequence[str]) -> list[int]:
    """The numbers of nodes in the command line, each once, rising. Ends the program where it is
    wrong, with exit code 2 as of every task."""
    parser = argparse.ArgumentParser(prog="scripts/host/record-many-nodes")
    parser.add_argument("--nodes", type=_number, nargs="+", default=[2, 4, 8, 16])
    return sorted(set(parser.parse_args(words).nodes))


def _number(word: str) -> int:
    if not word.isdecimal() or not site.LEAST <= int(word) <= site.MOST:
        raise argparse.ArgumentTypeError(f"'{word}' is no number from {site.LEAST} to {site.MOST}")
    return int(word)


def end_former(copy: Copy) -> None:
    """Throw away the nodes that a run which was killed has left in `copy`, if there is one."""
    left = (copy.home / ".cache" / "run").glob(f"{site.PREFIX}*/*/target")
    for name in sorted({path.parent.parent.name for path in left}):
        copy.inv("down", "--site", name)


def must_fit(one: definition.Site, host: Host) -> None:
    """Raise UserError where this host may lack memory for the nodes of `one`: containers have no
    limit, and are taken to need what machines of their kinds get."""
    wanted = sum(node.kind.memory_mib for node in one.nodes)
    found = resources.memory(host, wanted, 0)
    if not found.ok:
        raise UserError(f"{len(one.nodes)} nodes: {found.detail}; have fewer with --nodes")


def measure(copy: Copy, count: int) -> None:
    """Boot `count` nodes in `copy`, keep what is read of it and their consoles in RECORDS, and
    throw them away."""
    name, file = site.name(count), RECORDS / f"{count}.json"
    log.info(f"=== {count} nodes; what the copy prints: {shown(copy.log)}")
    try:
        copy.bench("nodes.once", name, str(file))
    finally:
        for console in (copy.home / ".cache" / "run" / name).glob("*/console.log"):
            kept = RECORDS / str(count) / f"{console.parent.name}.console.log"
            atomic.write(kept, console.read_bytes())
        copy.inv("down", "--site", name)
    if found := readings.from_json(rundir.read(file)):
        rows = [(node, f"{seconds:.0f} s") for node, seconds in found.ready.items()]
        log.table(("node", "READY after"), rows)


if __name__ == "__main__":
    raise SystemExit(exit_code(main))

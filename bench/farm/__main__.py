"""scripts/host/record-farm: measure and write docs/farm.md."""

from __future__ import annotations

import argparse
import os
import re
import resource
import time
from collections.abc import Sequence
from pathlib import Path

from bench.checkout import Copy, fresh
from bench.ending import exit_code
from bench.farm import document
from bench.farm.document import Row
from bench.nodes import site
from bench.nodes.meter import busy
from golden import atomic, log
from golden.paths import CACHE, shown

FOLDER = CACHE / "bench" / "farm"
NODES = 3  # of each of several sites: one of each kind
# Third numbers of their addresses, apart from those of the sites of more and more nodes.
NETWORKS = 100
_TASKS = re.compile(r"^farm \S+ \d+ workers, (\d+) layers and disks$", re.MULTILINE)


def main() -> int:
    """The exit code, as of every task."""
    parser = argparse.ArgumentParser(prog="scripts/host/record-farm")
    parser.add_argument("--nodes", type=int, nargs="+", default=[2, 10, 50])
    parser.add_argument("--sites", type=int, nargs="+", default=[1, 4, 10])
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    copy = fresh(FOLDER)
    by_sites = _sites(copy, sorted(options.sites), options.workers)
    by_nodes = []
    for nodes in sorted(options.nodes):
        site.define(copy.root, nodes)
        by_nodes.append(_cost(copy, [site.name(nodes)], 1, nodes, options.workers))
    for path, content in document.files(options.workers, by_nodes, by_sites):
        atomic.write(path, content)
        log.info(f"written: {shown(path)}")
    return 0


def _sites(copy: Copy, counts: Sequence[int], workers: int) -> list[Row]:
    """Bake as many sites as `counts` says, each time those that there were and further ones; before
    the first nothing is baked."""
    rows, names = [], [f"site-{number}" for number in range(1, counts[-1] + 1)]
    for number, name in enumerate(names, 1):
        site.define(copy.root, NODES, name, NETWORKS + number)
    for before, count in zip((0, *counts), counts, strict=False):
        rows.append(_cost(copy, names[:count], count - before, NODES, workers))
    return rows


def _cost(copy: Copy, sites: Sequence[str], new: int, nodes: int, workers: int) -> Row:
    """Plan the `new` last ones of `sites`, of so many `nodes` each, and bake all."""
    there, began = _disks(copy), time.monotonic()
    for name in sites[-new:]:
        copy.inv("plan", "--site", name)
    planned, used, all_used = time.monotonic(), _used(), _all_used()
    words = [word for name in sites for word in ("--site", name)]
    said = copy.inv("bake", *words, "--farm", f"local:{workers}")
    seconds, used, all_used = time.monotonic() - planned, _used() - used, _all_used() - all_used
    disks = [disk.stat().st_size for disk in _disks(copy) - there]
    tasks = sum(map(int, _TASKS.findall(said.out)))
    row = Row(
        *(len(sites), new, nodes, planned - began, seconds, used),
        *(tasks - len(disks), len(disks), sum(disks) / 1e6),
        (all_used - used) / (seconds * (os.cpu_count() or 1)),
    )
    log.info(row.line().strip())
    return row


def _disks(copy: Copy) -> set[Path]:
    return set((copy.home / ".artifacts").glob("*/*/disk.qcow2"))


def _used() -> float:
    """The seconds of processors that programs started here have had until they ended."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def _all_used() -> float:
    return busy(Path("/proc/stat").read_text())


if __name__ == "__main__":
    raise SystemExit(exit_code(main))

"""scripts/host/record-farm: measure and write docs/farm.md."""

from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bench.checkout import Copy, fresh
from bench.ending import exit_code
from bench.farm import document
from bench.farm.document import Row
from golden import atomic, log
from golden.paths import CACHE, ROOT, shown

FOLDER = CACHE / "bench" / "farm"
PAGE, PICTURE = ROOT / "docs" / "farm.md", ROOT / "docs" / "farm.svg"
_TASKS = re.compile(r"^farm \S+ \d+ workers, (\d+) layers and disks$", re.MULTILINE)


def main() -> int:
    """The exit code, as of every task."""
    parser = argparse.ArgumentParser(prog="scripts/host/record-farm")
    parser.add_argument("--nodes", type=int, nargs="+", default=[2, 10, 50])
    parser.add_argument("--sites", type=int, nargs="+", default=[1, 4, 10])
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    copy = fresh(FOLDER)
    farm = ("--farm", f"local:{options.workers}")
    plain = _cost(copy, {"one": 3}, ())
    by_nodes = [_cost(copy, {"one": nodes}, farm) for nodes in options.nodes]
    by_sites = [
        _cost(copy, {f"site{number}": 3 for number in range(sites)}, farm)
        for sites in options.sites
    ]
    atomic.write(PICTURE, document.picture(by_nodes, by_sites))
    atomic.write(PAGE, document.page(options.workers, plain, by_nodes, by_sites))
    log.info(f"written: {shown(PAGE)}, {shown(PICTURE)}")
    return 0


def _cost(copy: Copy, sites: Mapping[str, int], farm: Sequence[str]) -> Row:
    """Plan and bake `sites`, {name: how many nodes}, of which nothing was baked before."""
    copy.forget("debs")
    for number, (name, nodes) in enumerate(sites.items(), 1):
        _write(copy.root / "images" / "sites" / f"{name}.yaml", name, number, nodes)
    began = time.monotonic()
    for name in sites:
        copy.inv("plan", "--site", name)
    planned = time.monotonic()
    said = copy.inv("bake", *(word for name in sites for word in ("--site", name)), *farm)
    baked = time.monotonic()
    disks = [disk.stat().st_size for disk in (copy.home / ".artifacts").glob("*/*/disk.qcow2")]
    tasks = sum(map(int, _TASKS.findall(said.out)))
    row = Row(
        *(len(sites), max(sites.values()), planned - began, baked - planned),
        *(tasks - len(disks), len(disks), sum(disks) / 1e6),
    )
    log.info(row.line().strip())
    return row


def _write(file: Path, name: str, number: int, nodes: int) -> None:
    """Describe a site of its own network, whose nodes but the first two are of one kind."""
    kinds = ("node1", "node2", *["ganeti-node"] * (nodes - 2))
    network: dict[str, Any] = {"subnet": f"198.18.{number}.0/24", "interface": "eth0"}
    found: dict[str, Any] = {
        **{"site": name, "like": "rehearsal", "domain": f"{name}.test"},
        "network": {**network, "gateway": None, "dns_upstream": [], "time_servers": []},
        "cluster": {"name": f"ganeti.node1.{name}.test", "address": f"198.18.{number}.200"},
        "nodes": [
            {
                **{"name": f"node{at}", "kind": kind, "address": f"198.18.{number}.{at}"},
                "mac": f"02:00:00:00:{number:02x}:{at:02x}",
            }
            for at, kind in enumerate(kinds, 1)
        ],
    }
    file.write_text(yaml.safe_dump(found, sort_keys=False))


if __name__ == "__main__":
    raise SystemExit(exit_code(main))

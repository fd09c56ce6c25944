"""scripts/host/record-power-cuts: cut, compare, check, and write docs/power-cuts.md."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from typing import Any

from bench.cuts import document
from bench.cuts.plan import strikes
from bench.cuts.sequence import Sequence
from bench.ending import exit_code
from bench.uncut import difference, folder, keep_consoles, uncut
from golden import definition, log, rundir
from golden.bake import bake
from golden.boot import running
from golden.boot.target import Target, target
from golden.definition.models import Site
from golden.errors import STAGE_ERROR_CODE, StageError, UserError
from golden.rehearse import rehearse

# What CI cuts: both nodes while a network is made, and three times one of them before.
SHORT_SEED, SHORT_CUTS = 21, 4


def main() -> int:
    """The exit code, as of every task."""
    parser = argparse.ArgumentParser(prog="scripts/host/record-power-cuts")
    parser.add_argument("--site", default="rehearsal")
    parser.add_argument("--target", default="container", choices=["container", "qemu"])
    parser.add_argument("--seeds", default="1-4", help="a number, or a first and a last")
    parser.add_argument("--cuts", type=int, default=26, help="at most so many for each seed")
    parser.add_argument(
        "--short",
        action="store_true",
        help="a rehearsal whose first boot is cut; checked at the end",
    )
    options = parser.parse_args()
    site, place = definition.load(options.site), target(options.target)
    if options.short:
        rehearse(site, place, boot=_cut_boot, check_once=True)
        return 0
    bake(site, (), place.format)
    return _run(site, place, _numbers(options.seeds), options.cuts)


def _run(site: Site, place: Target, seeds: range, most: int) -> int:
    wanted, bad = uncut(site, place), 0
    for seed in seeds:
        found = _sequence(site, place, wanted, seed, most)
        rundir.write(folder(site, place) / f"{seed}.json", found)
        bad += not found["survived"]
    document.write(folder(site, place).parent)
    return STAGE_ERROR_CODE if bad else 0


def _cut_boot(site: Site, place: Target) -> None:
    chosen = strikes(SHORT_SEED, _steps(site), {}, SHORT_CUTS)
    cuts = Sequence(site, place, chosen).run()
    log.info(f"READY after {len(cuts)} cuts of power")


def _steps(site: Site) -> dict[str, tuple[str, ...]]:
    return {node.name: node.kind.first_boot for node in site.nodes}


def _sequence(
    site: Site, place: Target, wanted: dict[str, Any], seed: int, most: int
) -> dict[str, Any]:
    log.info(f"=== seed {seed}")
    sequence = Sequence(site, place, strikes(seed, _steps(site), wanted["seconds"], most))
    began, why = time.monotonic(), ""
    running.down(site)
    try:
        sequence.run()
        why = difference(site, wanted)
    except StageError as error:
        why = str(error)
    finally:
        keep_consoles(site, place, str(seed))
        running.down(site)
    seconds = round(time.monotonic() - began)
    log.info(f"seed {seed}: {len(sequence.cuts)} cuts, {seconds} s: {why or 'as without a cut'}")
    return {
        "seed": seed,
        "survived": not why,
        "why": why,
        "seconds": seconds,
        "cuts": [asdict(cut) for cut in sequence.cuts],
    }


def _numbers(text: str) -> range:
    first, _, last = text.partition("-")
    if not first.isdigit() or not (last or first).isdigit():
        raise UserError(f"--seeds {text}: it must be a number, or a first and a last such as 1-4")
    return range(int(first), int(last or first) + 1)


if __name__ == "__main__":
    sys.exit(exit_code(main))

"""scripts/host/record-power-cuts: cut, compare, check, and write docs/power-cuts.md."""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from bench.cuts import document
from bench.cuts.plan import strikes
from bench.cuts.sequence import Sequence
from bench.ending import exit_code
from bench.uncut import difference, failed_checks, folder, keep_consoles, uncut
from golden import definition, log, rundir
from golden.bake import bake
from golden.boot import running
from golden.boot.target import Target, target
from golden.definition.models import Site
from golden.errors import STAGE_ERROR_CODE, StageError, UserError
from golden.rehearse import rehearse

# What --boot cuts: both nodes while a network is made, and three times one of them before.
BOOT_SEED, BOOT_CUTS = 21, 4


def main() -> int:
    """The exit code, as of every task."""
    parser = argparse.ArgumentParser(prog="scripts/host/record-power-cuts")
    parser.add_argument("--site", default="rehearsal")
    parser.add_argument("--target", default="container", choices=["container", "qemu"])
    parser.add_argument("--seeds", default="1-4", help="a number, or a first and a last")
    parser.add_argument("--cuts", type=int, default=26, help="at most so many for each seed")
    parser.add_argument(
        "--rehearse", action="store_true", help="check, start again, and check each first boot"
    )
    parser.add_argument(
        "--boot", action="store_true", help="cut one first boot four times, and leave the nodes on"
    )
    options = parser.parse_args()
    site, place = definition.load(options.site), target(options.target)
    bake(site, (), place.format)
    if options.boot:
        _cut_boot(site, place)
        return 0
    wanted, bad = uncut(site, place), 0
    judged = _rehearsed if options.rehearse else _checked
    for seed in _numbers(options.seeds):
        log.info(f"=== seed {seed}")
        found = judged(
            site, place, functools.partial(_cut, site, place, wanted, seed, options.cuts)
        )
        rundir.write(folder(site, place) / f"{seed}.json", found)
        bad += not found["survived"]
    document.write(folder(site, place).parent)
    return STAGE_ERROR_CODE if bad else 0


def _cut_boot(site: Site, place: Target) -> None:
    cuts = Sequence(site, place, strikes(BOOT_SEED, _steps(site), {}, BOOT_CUTS)).run()
    log.info(f"READY after {len(cuts)} cuts of power")


def _cut(site: Site, place: Target, wanted: Any, seed: int, most: int) -> dict[str, Any]:
    """Boot, and cut the power meanwhile; what is kept of it. `why` it is not as `wanted`."""
    sequence = Sequence(site, place, strikes(seed, _steps(site), wanted["seconds"], most))
    began = time.monotonic()
    try:
        sequence.run()
        why = difference(site, wanted)
    except StageError as error:
        why = str(error)
    finally:
        keep_consoles(site, place, str(seed))
    cuts, seconds = [asdict(cut) for cut in sequence.cuts], round(time.monotonic() - began)
    log.info(f"seed {seed}: {len(cuts)} cuts, {seconds} s: {why or 'as without a cut'}")
    return {"seed": seed, "survived": not why, "why": why, "seconds": seconds, "cuts": cuts}


def _checked(site: Site, _: Target, cut: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    running.down(site)
    try:
        found = cut()
        return found if found["why"] else _because(found, failed_checks(site))
    finally:
        running.down(site)


def _rehearsed(site: Site, place: Target, cut: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def boot(*_: object) -> None:
        found.update(cut())
        if found["why"]:
            raise StageError("boot", found["why"])

    try:
        rehearse(site, place, boot=boot)
    except StageError as error:
        if not found:
            raise
        return _because(found, found["why"] or str(error))
    return found


def _because(found: dict[str, Any], why: str) -> dict[str, Any]:
    return {**found, "survived": not why, "why": why}


def _steps(site: Site) -> dict[str, tuple[str, ...]]:
    return {node.name: node.kind.first_boot for node in site.nodes}


def _numbers(text: str) -> range:
    first, _, last = text.partition("-")
    if not first.isdigit() or not (last or first).isdigit():
        raise UserError(f"--seeds {text}: it must be a number, or a first and a last such as 1-4")
    return range(int(first), int(last or first) + 1)


if __name__ == "__main__":
    sys.exit(exit_code(main))

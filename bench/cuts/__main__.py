"""scripts/host/record-power-cuts: cut, compare, check, and write docs/power-cuts.md."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.cuts import document
from bench.cuts.plan import strikes
from bench.cuts.sequence import Sequence
from bench.ending import exit_code
from golden import check, definition, log, rundir
from golden.bake import bake
from golden.boot import running, times
from golden.boot.target import Target, target
from golden.check.connection import Connection
from golden.definition.models import Site
from golden.errors import STAGE_ERROR_CODE, StageError, UserError
from golden.paths import ARTIFACTS
from golden.rehearse import rehearse

FOLDER = "power-cuts"
# What CI cuts: both nodes while a network is made, and three times one of them before.
SHORT_SEED, SHORT_CUTS = 21, 4
# The state of a site does not depend on whether a machine is made and removed once more.
CALM = ("-m", "not destructive")


def main() -> int:
    """The exit code, as of every task."""
    parser = argparse.ArgumentParser(prog="scripts/host/record-power-cuts")
    parser.add_argument("--site", default="rehearsal")
    parser.add_argument("--target", default="container", choices=["container", "qemu"])
    parser.add_argument("--seeds", default="1-4", help="a number, or a first and a last")
    parser.add_argument("--cuts", type=int, default=26, help="at most so many for each seed")
    parser.add_argument(
        "--short", action="store_true", help="a rehearsal whose first boot is cut four times"
    )
    options = parser.parse_args()
    site, place = definition.load(options.site), target(options.target)
    if options.short:
        rehearse(site, place, boot=_cut_boot)
        return 0
    bake(site, (), place.format)
    return _run(site, place, _numbers(options.seeds), options.cuts)


def _run(site: Site, place: Target, seeds: range, most: int) -> int:
    folder = ARTIFACTS / site.name / FOLDER / place.name
    uncut = _uncut(site, place, folder / "uncut.json")
    bad = 0
    for seed in seeds:
        found = _sequence(site, place, uncut, seed, most)
        rundir.write(folder / f"{seed}.json", found)
        bad += not found["survived"]
    document.write(ARTIFACTS / site.name / FOLDER)
    return STAGE_ERROR_CODE if bad else 0


def _cut_boot(site: Site, place: Target) -> None:
    chosen = strikes(SHORT_SEED, _steps(site), {}, SHORT_CUTS)
    cuts = Sequence(site, place, chosen).run()
    log.info(f"READY after {len(cuts)} cuts of power")


def _steps(site: Site) -> dict[str, tuple[str, ...]]:
    return {node.name: node.kind.first_boot for node in site.nodes}


def _uncut(site: Site, place: Target, path: Path) -> dict[str, Any]:
    """What a first boot without a cut leaves, and how long each of its steps takes."""
    known = rundir.read(path)
    if isinstance(known, dict):
        return known
    log.info("a first boot without a cut, for comparison")
    running.down(site)
    try:
        running.boot(site, (), place)
        seconds = {
            f"{node.name}.{step.name}": step.seconds
            for node in site.nodes
            for step in times.steps(site.name, node.name)
        }
        found = {"seconds": seconds, "fingerprint": _fingerprint(site)}
    finally:
        running.down(site)
    rundir.write(path, found)
    return found


def _fingerprint(site: Site) -> dict[str, Any]:
    """By node what scripts/check/fingerprint.py finds there."""
    link, name = Connection.to(site.name), "fingerprint"
    return {
        node.name: link.ask(node.name, site.release.python, [name], {})[name] for node in site.nodes
    }


def _sequence(
    site: Site, place: Target, uncut: dict[str, Any], seed: int, most: int
) -> dict[str, Any]:
    log.info(f"=== seed {seed}")
    sequence = Sequence(site, place, strikes(seed, _steps(site), uncut["seconds"], most))
    began, why = time.monotonic(), ""
    running.down(site)
    try:
        sequence.run()
        why = _difference(uncut["fingerprint"], _fingerprint(site)) or _checks(site)
    except StageError as error:
        why = str(error)
    finally:
        _keep_consoles(site, place, seed)
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


def _difference(uncut: Any, found: Any) -> str:
    before, after = (
        json.dumps(each, indent=1, sort_keys=True).splitlines() for each in (uncut, found)
    )
    lines = list(difflib.unified_diff(before, after, lineterm="", n=1))[2:]
    return "\n".join(["not as without a cut:", *lines]) if lines else ""


def _checks(site: Site) -> str:
    found = check.run(site.name, options=CALM)
    failed = [f"{one.subject} {one.name}" for one in found.outcomes if one.state == "failed"]
    return "failed checks: " + ", ".join(failed) if failed else ""


def _keep_consoles(site: Site, place: Target, seed: int) -> None:
    folder = ARTIFACTS / site.name / FOLDER / place.name
    folder.mkdir(parents=True, exist_ok=True)
    for node in site.nodes:
        text = rundir.NodeDir(site.name, node.name).console_text()
        (folder / f"{seed}.{node.name}.console.log").write_text(text)


def _numbers(text: str) -> range:
    first, _, last = text.partition("-")
    if not first.isdigit() or not (last or first).isdigit():
        raise UserError(f"--seeds {text}: it must be a number, or a first and a last such as 1-4")
    return range(int(first), int(last or first) + 1)


if __name__ == "__main__":
    sys.exit(exit_code(main))

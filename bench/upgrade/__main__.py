"""scripts/host/record-upgrade: upgrade a filled site in a copy of this checkout, and write
.artifacts/rehearsal/upgrade.md. Any deviation ends it.

scripts/host/record-upgrade            all of it, with ten cuts, and a saved state restored
scripts/host/record-upgrade --short    fewer and smaller objects, nothing cut or saved
scripts/host/record-upgrade --short --cut-boots    cuts of its first boot and of the last: for CI
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import sys

from bench.ending import exit_code
from bench.recording import Record
from bench.upgrade.cloud import SITE, Cloud
from golden import log
from golden.errors import UserError
from golden.paths import ARTIFACTS, shown

REPORT = ARTIFACTS / SITE / "upgrade.md"
SHORT, WHOLE = (8, 2 * 2**20), (40, 20 * 2**20)  # objects, and bytes of the largest
SEED = 1


def main() -> int:
    """The exit code, as of every task."""
    parser = argparse.ArgumentParser(prog="scripts/host/record-upgrade")
    parser.add_argument("--target", default="container", choices=["container", "qemu"])
    parser.add_argument("--short", action="store_true", help="less data, no cut, nothing saved")
    parser.add_argument(
        "--cut-boots",
        action="store_true",
        help="cut the power while containers boot first, and once before the last check",
    )
    parser.add_argument("--cuts", type=int, default=10, help="of so many upgrades (default: 10)")
    options = parser.parse_args()
    if options.cut_boots and options.target != "container":
        raise UserError(
            "--cut-boots: its first boot is none with --state, by which alone machines can be "
            "upgraded; give it with --target container, or leave it out"
        )
    cloud = Cloud(options.target, SHORT if options.short else WHOLE)
    try:
        cuts = 0 if options.short else options.cuts
        seen = record(cloud, cuts, cut_boots=options.cut_boots)
    finally:
        cloud.end()
    for sentence in seen.findings:
        log.info(f"- {sentence}")
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(_document(seen, " ".join(sys.argv[1:])))
    log.info(f"written: {shown(REPORT)}")
    return 0


def record(cloud: Cloud, cuts: int, *, cut_boots: bool) -> Record:
    """The whole run. Raises StageError where it deviates from what it should show."""
    seen = Record()
    first = seen.stage(f"bake release A, Synnefo {cloud.version}", cloud.bake)
    if cut_boots:
        seen.stage("boot A, whose power is cut four times", cloud.boot_and_cut)
    else:
        seen.stage("boot A", cloud.boot)
    seen.stage("fill it", cloud.fill)
    if cuts:
        seen.stage("save its state", cloud.save)
        cloud.require_all("after it was saved", first)
    cloud.bump()
    second = seen.stage(f"bake release B, Synnefo {cloud.version}", cloud.bake)
    said = seen.stage("upgrade from A to B", cloud.upgrade)
    seen.findings += [f"A to B: {line}" for line in said.splitlines() if " was away for " in line]
    seen.stage("compare", lambda: cloud.require_all("after the upgrade to B", second))
    seen.findings.append(f"A to B: {cloud.amount()} are there byte for byte, tokens are valid")
    cloud.break_migration()
    cloud.bump()
    seen.stage(f"bake release C, Synnefo {cloud.version}, whose migration fails", cloud.bake)
    said = seen.stage("upgrade from B to C, and back", lambda: cloud.upgrade(fails=True))
    cloud.require_said(said, "back on release", "migration 0042_on_purpose")
    seen.stage("compare again", lambda: cloud.require_all("back on B", second))
    cloud.take_back_bump()
    if cut_boots:
        seen.stage("cut the power, and start B again", cloud.cut_and_boot)
        seen.stage("compare once more", lambda: cloud.require_all("after the cut", second))
    seen.stage("check B", cloud.check)
    seen.findings.append("B to C: the migration fails; back on B by itself, every check green")
    seen.stage("go back to A is refused", lambda: cloud.refuse(first))
    if cuts:
        _cut(cloud, seen, cuts, second)
        on = seen.stage("restore what was saved on A onto new nodes of what runs", cloud.restore)
        cloud.require_all("restored onto a newer release", on)
        seen.findings.append("saved on A, restored onto new nodes of a newer release: all of it")
    return seen


def _cut(cloud: Cloud, seen: Record, cuts: int, second: str) -> None:
    """Cut upgrades from release B at random moments; each must end whole on it, or on the new."""
    cloud.bump()
    third = seen.stage("bake release D, whose migration does not fail", cloud.bake)
    some, length = random.Random(SEED), seen.seconds("upgrade from A to B")
    for number in range(1, cuts + 1):
        moment = some.uniform(0.02, 0.9) * length
        seen.stage(f"cut {number}, after {moment:.0f} s", functools.partial(cloud.cut, moment))
        on = seen.stage(f"go on after cut {number}", cloud.go_on)
        cloud.require_all(f"after cut {number}", on)
        cloud.require_one_of(on, (second, third))
        if number < cuts and on == third:
            seen.stage(f"back to B after cut {number}", cloud.undo)
    seen.findings.append(f"{cuts} of {cuts} cuts of power in an upgrade: the site is whole")


def _document(seen: Record, words: str) -> str:
    about = (
        f"Written by `scripts/host/record-upgrade {words}` on {os.cpu_count()} cores.\n"
        "In a copy of this checkout it fills a site, upgrades it, has an upgrade fail, and cuts\n"
        "others short together with the tool; any deviation from this ends it:"
    )
    return seen.document("An upgrade, recorded", about)


if __name__ == "__main__":
    sys.exit(exit_code(main))

"""docs/power-cuts.md: how many cuts there were, what came of them, how long a node took after."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.cuts.plan import MOMENTS
from golden import log, rundir
from golden.paths import ROOT, shown

PATH = ROOT / "docs" / "power-cuts.md"
HEAD = """# Cuts of power during first boot

Written by `scripts/host/record-power-cuts`. Each line of a first table is one first boot whose
nodes lost their power as often as it says (a container: SIGKILL of everything in it; a machine:
kill of QEMU): at the begin of a step, at its end, or at a random moment in it, on one node or both.
*As without a cut* means: every node READY, every check green, and the same users, components,
services, OAuth clients, networks, pools, backends, flavors, images, Ganeti nodes, RAPI users, users
of the broker, and lines of files as after a first boot that was not cut.

A recovery is from power-on until the step is done again; none is told where the next cut came
before. One in the middle of a job of Ganeti may take five minutes more: that is how often Ganeti
looks for jobs that have died.
"""


def write(folder: Path) -> None:
    """Write the document from what is kept in `folder`, by target."""
    targets = {
        path.name: [found for each in sorted(path.glob("[0-9]*.json")) if (found := _read(each))]
        for path in sorted(folder.iterdir())
    }
    text = HEAD if any(targets.values()) else HEAD + "\nNothing has been recorded yet.\n"
    for name, runs in targets.items():
        if runs:
            text += f"\n## {name}\n\n" + "\n".join([*_runs(runs), "", *_steps(runs)]) + "\n"
    PATH.write_text(text)
    log.info(f"written: {shown(PATH)}")


def _read(path: Path) -> dict[str, Any] | None:
    found = rundir.read(path)
    return found if isinstance(found, dict) else None


def _runs(runs: Iterable[dict[str, Any]]) -> list[str]:
    rows = [
        "| seed | cuts | seconds in all | slowest recovery | outcome |",
        "|---|---|---|---|---|",
    ]
    for run in sorted(runs, key=lambda each: int(each["seed"])):
        outcome = "as without a cut" if run["survived"] else run["why"].splitlines()[0]
        cells = (run["seed"], len(run["cuts"]), run["seconds"], _slowest(run["cuts"]), outcome)
        rows.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    cuts = [cut for run in runs for cut in run["cuts"]]
    good = sum(len(run["cuts"]) for run in runs if run["survived"])
    total = f"{good} of {len(cuts)} cuts in first boots that ended as without a cut"
    measured = sum(cut["recovery"] is not None for cut in cuts)
    return [*rows, "", f"{total}; the slowest of {measured} recoveries took {_slowest(cuts)}."]


def _steps(runs: Iterable[dict[str, Any]]) -> list[str]:
    cuts = [cut for run in runs for cut in run["cuts"]]
    rows = ["| step | begin | inside | end | slowest recovery |", "|---|---|---|---|---|"]
    for place in sorted({_place(cut) for cut in cuts}):
        here = [cut for cut in cuts if _place(cut) == place]
        counts = [sum(cut["strike"]["moment"] == moment for cut in here) for moment in MOMENTS]
        cells = [place, *(str(count or "") for count in counts), _slowest(here)]
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def _place(cut: dict[str, Any]) -> str:
    return f"{cut['strike']['node']} {cut['strike']['step']}"


def _slowest(cuts: Iterable[dict[str, Any]]) -> str:
    known = [cut["recovery"] for cut in cuts if cut["recovery"] is not None]
    return f"{max(known):.0f} s" if known else ""

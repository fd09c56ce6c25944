"""How the last rehearsals went, one line of JSON each, and their numbers as small plots."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden import paths
from golden.report import Moment

FILE = "history.jsonl"
WIDTH, HEIGHT = 300, 90
SHOWN = 40  # the last so many runs
STAGES = {
    "bake": "bake, s",
    "boot": "boot until READY, s",
    "check": "check, s",
    "reboot": "start again until READY, s",
}


@dataclass(frozen=True)
class Plot:
    """A number over the runs at one target, oldest first: `points` are (x, y, value, when)."""

    title: str
    target: str
    points: tuple[tuple[float, float, float, str], ...]
    least: float
    most: float
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def band(self) -> float:
        """Down to where the least is."""
        return self.height * (1 - self.least / self.most if self.most else 1)

    @property
    def line(self) -> str:
        """The points as an SVG polyline has them."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in self.points)


def keep(site: str, target: str, moments: Sequence[Moment]) -> None:
    """Add a rehearsal to the history of `site`."""
    stages = {
        one.what: round(one.seconds, 1)
        for one in moments
        if one.where == "site" and one.state == "done"
    }
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    file = _file(site)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as out:
        out.write(json.dumps({"when": when, "target": target, "stages": stages}) + "\n")


def plots(site: str) -> list[Plot]:
    """A plot for each target and stage that was run more than once."""
    runs = _runs(_file(site))
    targets = sorted({run["target"] for run in runs})
    found = []
    for target in targets:
        for stage, title in STAGES.items():
            values = [
                (run["stages"][stage], run["when"])
                for run in runs
                if run["target"] == target and stage in run["stages"]
            ]
            if len(values) > 1:
                found.append(_plot(title, target, values[-SHOWN:]))
    return found


def _plot(title: str, target: str, values: Sequence[tuple[float, str]]) -> Plot:
    numbers = [value for value, _ in values]
    most = max(numbers) or 1.0
    points = tuple(
        (WIDTH * at / (len(values) - 1), HEIGHT * (1 - value / most), value, when)
        for at, (value, when) in enumerate(values)
    )
    return Plot(title, target, points, min(numbers), max(numbers))


def _runs(file: Path) -> list[dict[str, Any]]:
    """The runs that were kept; a line that a power cut tore is left out."""
    found = []
    for line in file.read_text().splitlines() if file.is_file() else ():
        try:
            run = json.loads(line)
            found.append({"when": run["when"], "target": run["target"], "stages": run["stages"]})
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _file(site: str) -> Path:
    return paths.ARTIFACTS / site / FILE

"""What the pages of a report show, as plain data: from the artifacts, and from no running node."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from golden import manifest, paths, report, rundir
from golden.definition import Site
from golden.diff import sides, subjects, text
from golden.errors import UserError
from golden.guide import coverage
from golden.layers import overlay
from golden.pages import changes, drawing, history, timeline
from golden.releases import every, stages
from golden.report import Moment, Outcome, Report

FOLDERS = 25  # as many of the largest are shown


def gather(site: Site, folder: Path) -> dict[str, Any]:
    """The variables of the templates, for the report in `folder`."""
    found = report.last(site.name)
    moments = _moments(site.name)
    rows = coverage.rows_of(site.name)
    kept = stages.read(site.name)
    return {
        "site": site,
        "checks": found,
        "subjects": _by_subject(found),
        "failed": [one for one in found.outcomes if one.state == "failed"] if found else [],
        "gantt": timeline.draw(moments, [node.name for node in site.nodes]),
        "upgrade": _upgrade(site),
        "pictures": sorted(file.name for file in folder.glob("*.png")),
        "rows": rows,
        "summary": coverage.summary(rows),
        "images": [image for kind in site.kinds if (image := _image(site.name, kind.name))],
        "changes": changes.of(site.name),
        "bump": _bump(site.name),
        "titles": text.TITLES,
        "title": text.title,
        "mib": text.mib,
        "releases": [(release, kept.stage_of(release)) for release in every(site.name)],
        "drawing": drawing.draw(site),
        "history": history.plots(site.name),
    }


def _by_subject(found: Report | None) -> list[tuple[str, Mapping[str, int], Sequence[Outcome]]]:
    """(subject, {state: count}, outcomes), those with failures first."""
    grouped: dict[str, list[Outcome]] = {}
    for one in found.outcomes if found else ():
        grouped.setdefault(one.subject, []).append(one)
    states = ("failed", "passed", "not run")
    rows = [
        (subject, {state: sum(one.state == state for one in of) for state in states}, of)
        for subject, of in sorted(grouped.items())
    ]
    return sorted(rows, key=lambda row: row[1]["failed"] == 0)


def _moments(site: str) -> list[Moment]:
    file = paths.ARTIFACTS / site / "rehearsal" / "timeline.json"
    return [Moment(**each) for each in json.loads(file.read_text())] if file.is_file() else []


def _upgrade(site: Site) -> dict[str, Any] | None:
    """What the last upgrade left (golden/upgrade/record.py), with its time line drawn."""
    found = rundir.read(paths.ARTIFACTS / site.name / "upgrade" / "upgrade.json")
    if not isinstance(found, dict):
        return None
    # It was not noted by who upgraded before rehearsals were possible.
    found.setdefault("ended", f"back again, {found['why']}" if found["why"] else "done")
    moments = [Moment(**each) for each in found["timeline"]]
    found["gantt"] = timeline.draw(moments, [node.name for node in site.nodes])
    return found


def _bump(site: str) -> dict[str, Any] | None:
    """What the last bump left (golden/bump/record.py); None: none was made, or it was undone."""
    found = rundir.read(paths.ARTIFACTS / site / "bump.json")
    return found if isinstance(found, dict) else None


def _image(site: str, kind: str) -> dict[str, Any] | None:
    record = manifest.read(site, kind)
    if record is None:
        return None
    return {
        "kind": kind,
        "record": record,
        "layers": [
            {
                "name": layer["name"],
                "key": layer["key"],
                "seconds": layer["seconds"],
                "packages": len(layer["inputs"].get("packages", ())),
            }
            for layer in record["layers"]
        ],
        "slowest": max(layer["seconds"] for layer in record["layers"]),
        "folders": _folders(record),
    }


def _folders(record: Mapping[str, Any]) -> list[tuple[str, int]]:
    """(folder, bytes) of the largest; none when a layer has left the cache."""
    try:
        layers = sides.baked(record["kind"], record, paths.CACHE).layers
        found = subjects.sizes(overlay.merged(layers))
    except (OSError, UserError):
        return []
    return found.most_common(FOLDERS)

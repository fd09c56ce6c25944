"""What a bake, a rehearsal and its checks leave of a site, made by hand, with odd names in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from golden import manifest, pages, paths
from golden.definition import load
from golden.diff import document, sides
from golden.keys import signing
from golden.pages import changes, history
from golden.pages.changes import Changes
from golden.report import Moment, Outcome, Report, timeline_json

SITE = "rehearsal"
ODD = 'it\'s <b>&"odd"</b>'
MOMENTS = [
    Moment(0, 95.2, "site", "bake"),
    Moment(95.2, 70, "site", "boot"),
    Moment(97, 9.5, "node1", "network"),
    Moment(99, 40, "node2", "ganeti_join", "waiting"),
    Moment(140, 3, "node2", ODD, "failed"),
]
OUTCOMES = (
    Outcome("files", "file_is_as_rendered[node1-/etc/hosts]", "passed", 0.1, "", ("G058",)),
    Outcome("names", "names_are_known", "failed", 1.0, ODD, ("G056",), ("node1",)),
    Outcome("machines", "a_machine_runs", "not run", 0.0, "a container has no KVM"),
)


def artifacts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `folder` be the artifacts of SITE: of its nodes, node1 alone is baked."""
    empty(folder, monkeypatch)
    place = folder / SITE
    (place / "rehearsal").mkdir(parents=True)
    (place / "rehearsal" / "timeline.json").write_text(json.dumps(timeline_json(MOMENTS)))
    (place / "checks.json").write_text(json.dumps(Report(SITE, OUTCOMES, 33.0).as_json()))
    for seconds in (80.0, 70.0, 75.5):
        history.keep(SITE, "container", [Moment(0, seconds, "site", "boot")])
    (place / "upgrade").mkdir()
    told = {"from": "a" * 12, "to": "b" * 12, "why": ODD, "seconds": 300.0}
    told["ended"] = f"back again, {ODD}"
    away = {"pithos": 41.5, "rapi": 0.0}
    record = {**told, "timeline": timeline_json(MOMENTS), "away": away, "instances": []}
    (place / "upgrade" / "upgrade.json").write_text(json.dumps(record))
    told = {"what": ODD, "moved": [["snf-common", "0.16", ODD]], "notes": [["0.17", ODD]]}
    stale = [["base", 21.5, [ODD, "key"]], ["node1.disk", None, []]]
    (place / "bump.json").write_text(json.dumps({**told, "stale": stale}))
    (place / "report").mkdir()
    (place / "report" / "1-login.png").write_bytes(b"")
    (place / "node1").mkdir()
    record = place / "node1" / "manifest.json"
    record.write_text(json.dumps(MANIFEST))
    signing.sign(record)
    (place / "node1" / "sbom.cdx.json").write_text("{}")
    found = Changes("a" * 12, "b" * 12, {"node1": _difference(folder)}, (ODD,))
    monkeypatch.setattr(changes, "of", lambda _: found)


def _difference(folder: Path) -> dict[str, Any]:
    """That of two folders: a changed line, a file with another mode, a new one."""
    for name, text in (("old", ODD), ("new", f"{ODD}\nport = 5433")):
        etc = folder / name / "etc"
        etc.mkdir(parents=True)
        (etc / "x.conf").write_text(text)
        (etc / "mode").write_text("")
        (etc / "mode").chmod(0o600 if name == "old" else 0o644)
    (etc / "new").write_text("")
    return document.make(*(sides.find(str(folder / name), SITE) for name in ("old", "new")))


def empty(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `folder` be the artifacts, with a signing key of its own."""
    monkeypatch.setattr(paths, "ARTIFACTS", folder)
    monkeypatch.setattr(paths, "SECRETS", folder / ".secrets")


def written() -> Path:
    """The folder of the report of SITE, written."""
    return pages.write(load(SITE)).parent


LAYER = {"name": "base", "key": "0" * 32, "seconds": 21.5, "inputs": {"packages": {"bash": "5"}}}
MANIFEST = {
    "manifest": manifest.FORMAT,
    "site": SITE,
    "kind": "node1",
    "baked": "2026-01-01T00:00:00Z",
    "tree": "ab" * 32,
    "git": {"revision": "cd" * 20},
    "layers": [LAYER],
    "packages": {"bash": "5", "snf-common": "0.16"},
    "origins": {"snf-common": "stand-in"},
    "artifacts": {"qcow2": {"bytes": 5 * 10**8, "used_mib": 1500, "size_mib": 6144}},
}

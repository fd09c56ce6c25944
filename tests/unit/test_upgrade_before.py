"""What an upgrade refuses before it shuts anything down."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from golden import rundir
from golden.boot import former
from golden.boot.former import Journal
from golden.definition import load
from golden.errors import UserError
from golden.releases.model import Image, ImageRelease
from golden.rundir import NodeDir
from golden.upgrade import before, instances

SITE = load("rehearsal")
NODES = [node.name for node in SITE.nodes]
OLD, NEW = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


def release(folder: Path, name: str, synnefo: str, major: str = "15") -> ImageRelease:
    images = {}
    for kind in NODES:
        place = folder / name / kind
        place.mkdir(parents=True, exist_ok=True)
        packages = {f"postgresql-{major}": "1", "postgresql-common": "2"}
        text = json.dumps({"packages": packages if kind == "node1" else {}})
        (place / "manifest.json").write_text(text)
        images[kind] = Image(kind, place, {})
    return ImageRelease("rehearsal", name, "2026-01-01T00:00:00Z", synnefo, "lock", images)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A site that can be upgraded from OLD to NEW; a test takes one thing away."""
    monkeypatch.setattr(rundir, "CACHE", tmp_path / "cache")
    found = SimpleNamespace(
        now=release(tmp_path, OLD, "0.16.2+golden1"),
        new=release(tmp_path, NEW, "0.16.10+golden1"),
        apart=True,
        upgrades=True,
        needed=1,
        ready=0,
        stale=[],
        forgotten=[],
        off=[],
    )
    place = SimpleNamespace(
        name="container",
        upgrades=True,
        has_state_apart=lambda site, node: found.apart and node != "",
        state_bytes=lambda site, node: found.needed,
        state_parts=lambda site: NODES,
        forget_aside=lambda site, node: found.forgotten.append(node),
    )
    found.place = place
    for name in NODES:
        NodeDir("rehearsal", name).claim("container")
        NodeDir("rehearsal", name).is_of(OLD)
    monkeypatch.setattr(
        NodeDir, "running", lambda files: files.node not in getattr(found, "off", ())
    )
    monkeypatch.setattr(before, "target", lambda name: place)
    monkeypatch.setattr(before, "find", lambda site, name: {OLD: found.now, NEW: found.new}[name])
    monkeypatch.setattr(before.stages, "in_place", lambda site: found.new)
    monkeypatch.setattr(before, "require_current", lambda site: found.stale.append(site.name))
    link = SimpleNamespace(run=lambda node, words: SimpleNamespace(code=found.ready))
    monkeypatch.setattr(before.Connection, "to", lambda site: link)
    monkeypatch.setattr(instances, "running", lambda site, link: ["vm1"])
    return found


def begun(**options: Any) -> Journal:
    return before.begin(SITE, options.pop("to", ""), as_baked=False, **options)


def test_a_site_that_can_be_upgraded_begins_and_what_was_kept_goes(world: Any) -> None:
    former.write("rehearsal", Journal("done", "cccccccccccc", OLD, "container"))
    assert begun() == Journal("leaving", OLD, NEW, "container", ["vm1"])
    assert world.forgotten == NODES and former.read("rehearsal") is None
    assert world.stale == ["rehearsal"], "images that the definitions have left are asked about"


def test_what_is_refused_changes_nothing(world: Any, tmp_path: Path) -> None:
    former.write("rehearsal", Journal("done", "cccccccccccc", OLD, "container"))
    older = release(tmp_path / "older", NEW, "0.16.1")
    other = release(tmp_path / "other", NEW, "0.16.2", "17")
    cases: list[tuple[str, dict[str, Any]]] = [
        ("node2 of site rehearsal is not running", {"off": ["node2"]}),
        ("node1 of site rehearsal has no state apart", {"apart": False}),
        ("the images in place are no release", {"new": None}),
        ("runs release aaaaaaaaaaaa already", {"new": world.now}),
        (
            "of Synnefo 0.16.1, older than 0.16.2",
            {"new": older},
        ),
        ("has PostgreSQL 17 on node1, and the state is of 15", {"new": other}),
        ("a copy of the nodes' state takes", {"needed": 1 << 60}),
        ("node1 is not READY", {"ready": 1}),
    ]
    for words, change in cases:
        kept = dict(world.__dict__)
        world.__dict__.update(change)
        with pytest.raises(UserError, match=words):
            begun()
        assert former.read("rehearsal") and not world.forgotten
        world.__dict__.update(kept)
    with pytest.raises(UserError, match="a rehearsal would remove what is kept of release ccc"):
        begun(rehearsal=True)
    NodeDir("rehearsal", "node2").is_of("")
    with pytest.raises(UserError, match=r"node1 aaaaaaaaaaaa, node2 unknown"):
        begun()


def test_a_target_that_cannot_set_machines_aside_is_refused(world: Any) -> None:
    world.place.upgrades = False
    with pytest.raises(UserError, match="that an upgrade could keep at target container"):
        begun()

"""A bare `inv` says how the site is, and names the command that goes on from there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from golden import manifest, overview, paths, run
from golden.boot import running
from golden.boot.running import Look
from golden.boot.status import NodeStatus, Phase
from golden.releases import stages
from golden.report import Outcome, Report

BAKED, NOTHING = {"layers": []}, None


def on(phase: Phase) -> Look:
    trouble = ("first boot", "step dns failed") if phase == "failed" else None
    return Look("running (kvm, pid 9)", NodeStatus(phase, trouble=trouble), "127.0.0.1:2201")


OFF = Look("off")
CASES = {
    "nothing baked": (NOTHING, [], (OFF, OFF), "./inv bake"),
    "definitions have changed": (BAKED, ["node1.site (files)"], (OFF, OFF), "./inv bake"),
    "baked": (BAKED, [], (OFF, OFF), "./inv boot"),
    "one of two runs": (BAKED, [], (on("ready"), OFF), "./inv boot"),
    "first boot goes on": (BAKED, [], (on("first boot"), on("ready")), "./inv status"),
    "first boot failed": (BAKED, [], (on("ready"), on("failed")), "./inv why node2"),
    "stale, but it runs": (BAKED, ["x"], (on("ready"), on("ready")), "./inv check"),
    "ready": (BAKED, [], (on("ready"), on("ready")), "./inv check"),
}


@pytest.mark.parametrize(("record", "old", "looks", "command"), CASES.values(), ids=CASES)
def test_the_next_command(
    record: object,
    old: list[str],
    looks: tuple[Look, Look],
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(paths, "ARTIFACTS", tmp_path)
    monkeypatch.setattr(manifest, "read", lambda *_: record)
    monkeypatch.setattr(overview, "stale", lambda _: old)
    monkeypatch.setattr(stages, "in_place", lambda _: None)
    nodes = dict(zip(("node1", "node2"), looks, strict=True))
    monkeypatch.setattr(running, "looks", lambda _: nodes)
    overview.show("rehearsal")
    said = capsys.readouterr().out.splitlines()
    assert len(said) <= 10
    assert f"next     {command} --site rehearsal" in said
    assert "checks   never run" in said


def test_the_last_checks_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(paths, "ARTIFACTS", tmp_path)
    file = tmp_path / "rehearsal" / "checks.json"
    file.parent.mkdir()
    found = Report("rehearsal", (Outcome("files", "test_x", "failed", 1.0),), 9.0)
    file.write_text(json.dumps(found.as_json()))
    overview.show("rehearsal")
    said = capsys.readouterr().out
    assert "checks   0 passed, 1 failed, 0 not run here in 9 s, at 20" in said
    assert "images   not baked: node1, node2" in said


def test_no_task_is_the_overview() -> None:
    said = run.run([sys.executable, "-m", "invoke"], cwd=paths.ROOT)
    assert said.out.startswith("site     rehearsal on bookworm: 2 nodes, definition valid\n")

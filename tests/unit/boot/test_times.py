"""The time line of a boot, and where it is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from golden import rundir
from golden.boot import times
from golden.rundir import NodeDir
from tests.unit.small_site import small_site

SITE = small_site()
LINE = (
    '@firstboot {{"node": "{node}", "step": "hostname", "n": 1, "of": 2, "state": "done", '
    '"detail": "", "seconds": 1.5, "uptime": {uptime}}}\r\n'
)


@pytest.fixture(autouse=True)
def booted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two containers on a host that was up for 5000 s when the first was started."""
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    monkeypatch.setattr(times, "ARTIFACTS", tmp_path / "artifacts")
    for number, node in enumerate(SITE.nodes):
        files = NodeDir("small", node.name)
        files.path.mkdir(parents=True)
        files.console.write_text(LINE.format(node=node.name, uptime=5010.0 + number))
        rundir.write(files.marks, {"uptime": 5000.0 + number, "init": 0.5})


def test_a_container_s_steps_count_from_its_own_power_on() -> None:
    found = {(one.where, one.what): one for one in times.moments(SITE, SITE.nodes)}
    for node in ("n1", "n2"):
        step = found[node, "hostname"]
        assert (step.start, step.seconds, step.state) == (8.5, 1.5, "done")
        assert found[node, "engine"].seconds == 0.5
        assert (node, "kernel") not in found and (node, "firmware") not in found


def test_each_node_s_is_kept_beside_its_kind_s_manifest(tmp_path: Path) -> None:
    times.keep(SITE, SITE.nodes[:1])
    kept = tmp_path / "artifacts/small/master/n1.timeline.json"
    assert times.path(SITE, SITE.nodes[0]) == kept
    assert [one["what"] for one in json.loads(kept.read_text())] == ["engine", "init", "hostname"]


def test_it_is_shown_by_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    times.show(SITE, SITE.nodes)
    out = capsys.readouterr().out
    assert "Boot of site small" in out
    assert out.index("engine") < out.index("hostname")


def test_a_node_that_never_spoke_has_none() -> None:
    NodeDir("small", "n1").console.unlink()
    NodeDir("small", "n1").marks.unlink()
    assert times.steps("small", "n1") == ()

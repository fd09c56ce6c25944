"""The recorder of faults: what counts as told, and the table; on consoles that a test writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.faults import __main__ as recorder
from bench.faults import cases
from bench.faults.acts import Act
from bench.faults.cases import Case
from bench.faults.stage import Stage
from golden import rundir
from golden.errors import StageError
from golden.rundir import NodeDir
from tests.unit.small_site import small_site

WAITS = "waiting for node1 storage, of which /x is missing, 3 s of 9 s"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stage:
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    found = Stage(small_site())
    monkeypatch.setattr(found, "own_status", lambda _: f"running dns (3 of 9) {WAITS}")
    return found


def says(stage: Stage, detail: str, state: str = "waiting") -> None:
    files = NodeDir(stage.site.name, "n1")
    files.path.mkdir(parents=True, exist_ok=True)
    event = {"node": "n1", "step": "dns", "n": 3, "of": 9, "state": state, "detail": detail}
    files.console.write_text(f"\n@firstboot {json.dumps(event | {'seconds': 1, 'uptime': 2})}\n")


def test_a_sentence_is_on_the_console_in_the_status_and_explained(stage: Stage) -> None:
    says(stage, WAITS)
    stage.told("n1", "waiting for node1 storage", "node1 is off")
    assert stage.said == [f"n1: waits, step 3 of 9, dns: {WAITS}"]
    assert stage.reached("n1", "dns", "waiting") and not stage.reached("n1", "dns", "done")


@pytest.mark.parametrize(
    ("detail", "words", "cause", "wrong"),
    [
        ("nothing", "node1 storage", "node1 is off", "not on its console"),
        (WAITS, "node1 storage", "too small", "none of the likely causes"),
        (f"{WAITS} Traceback", "node1 storage", "node1 is off", "a traceback"),
        ("disk full", "disk full", "", "not in firstboot status"),
    ],
)
def test_what_is_not_told_is_an_error(
    stage: Stage, detail: str, words: str, cause: str, wrong: str
) -> None:
    says(stage, detail)
    with pytest.raises(StageError, match=wrong):
        stage.told("n1", words, cause)


def test_a_case_that_fails_is_told_and_its_nodes_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(stage, "end", lambda: ended.append(1))
    monkeypatch.setattr(recorder, "keep_consoles", lambda *_: None)
    monkeypatch.setattr(recorder, "difference", lambda *_: "not as without trouble")
    monkeypatch.setattr(recorder, "ARTIFACTS", tmp_path)
    monkeypatch.setattr(recorder, "DOCUMENT", tmp_path / "faults.md")
    monkeypatch.setattr(recorder, "shown", str)
    good = Case("good", (Act("says", lambda stage: says(stage, WAITS)),))
    bad = Case("bad | worse", (Act("wants", lambda stage: stage.told("n1", "zebra", "")),))
    monkeypatch.setattr(recorder, "CASES", (good, bad))
    for case, why in ((good, "not as without trouble"), (bad, "n1, zebra: not on its console")):
        row = recorder._played(stage, case, {})
        assert why in row.why
        rundir.write(recorder._file(stage.site, case), {"why": "", "seconds": 7, "said": ["a"]})
    assert len(ended) == 4
    assert recorder._record(stage.site) == 0
    text = (tmp_path / "faults.md").read_text()
    assert "| good | READY, as without it | 7 | a |" in text and r"| bad \| worse |" in text


def test_each_edited_seed_is_another_one() -> None:
    node = {"name": "node2", "kind": "node2"}
    nodes = [{"name": "node1", "kind": "node1"}, node]
    text = "#cloud-config\n" + json.dumps({"golden": {"node": node, "nodes": nodes, "serial": "1"}})
    edited = [edit(text) for edit in (cases.renamed, cases.of_node1, cases.changed)]
    assert len({text, *edited}) == 4
    assert all(each.startswith("#cloud-config\n{") for each in edited)

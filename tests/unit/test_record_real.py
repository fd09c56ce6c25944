"""scripts/host/record-real: what its document says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import real
from golden.errors import UserError
from golden.report import Moment, Outcome, Report, timeline_json

GREEN = Outcome("kamaki", "image_is_listed[node1]", "passed", 1.0)
RED = Outcome("admin", "page_is_shown[node1]", "failed", 1.0, "status 500 | page")
ELSEWHERE = Outcome("storage", "group_is_there[node1]", "not run", 0.0, "no device mapper")


def document(*outcomes: Outcome) -> str:
    rounds = {"check": Report("real", outcomes, 9.0).as_json()}
    seen = real.Record({"bake": (61.4, "done"), "check": (9.0, "failed")}, rounds)
    return real.document(seen, {"snf-common": "0.16.2-1~wheezy"}, ["snf-cyclades-gtools"])


def test_it_counts_and_names_what_ran() -> None:
    text = document(GREEN, RED, ELSEWHERE)
    assert "| bake | done | 61 |  |  |  |" in text and "| check | failed | 9 | 1 | 1 | 1 |" in text
    assert "Of the folder (1): snf-common 0.16.2-1~wheezy." in text
    assert "Played: snf-cyclades-gtools." in text
    assert "- 1: no device mapper" in text


def test_a_red_check_without_a_reason_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert r"| admin.page_is_shown | status 500 \| page | OURS TO MEND |" in document(GREEN, RED)
    monkeypatch.setattr(real, "REASONS", {"admin.page_is_shown": "its page is upstream's"})
    assert "| its page is upstream's |" in document(GREEN, RED)
    assert "## Red checks\n\nNone.\n" in document(GREEN)


def test_recorded_answers_are_counted_where_they_were_asked_for() -> None:
    assert "## Recorded answers, asked for again\n\nNot run.\n" in document(GREEN)
    seen = real.Record({}, {}, "| rows | |\n|---|---|\n| 5 | as recorded |\n")
    assert "| 5 | as recorded |\n" in real.document(seen, {}, [])


def test_the_committed_document_was_written_by_it_or_is_empty() -> None:
    assert real.DOCUMENT.read_text().startswith(real.HEAD)


def test_what_a_rehearsal_kept_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real, "ARTIFACTS", tmp_path)
    folder = tmp_path / "real" / "rehearsal"
    folder.mkdir(parents=True)
    moments = [
        Moment(0.0, 5.0, "site", "check", "failed"),
        Moment(0.0, 1.0, "node1", "dns", "done"),
    ]
    (folder / "timeline.json").write_text(json.dumps(timeline_json(moments)))
    report = Report("real", (RED,), 5.0).as_json()
    (folder / "checks.container.json").write_text(json.dumps(report))
    (tmp_path / "real" / "checks.json").write_text("of an earlier round")
    assert real.kept("real") == real.Record(
        {"check": (5.0, "failed")}, {"check": json.loads(json.dumps(report))}
    )


def test_a_site_that_runs_already_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise UserError("node1 of site real still runs")

    monkeypatch.setattr(real, "ARTIFACTS", tmp_path)
    monkeypatch.setattr(real, "rehearse", refused)
    monkeypatch.setattr(real.definition, "load", lambda name, packages: None)
    monkeypatch.setattr(real, "write", lambda site: pytest.fail("nothing was seen"))
    with pytest.raises(UserError, match="still runs"):
        real.main(["debs"])

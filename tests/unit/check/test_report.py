"""The report of a run, read from pytest's JUnit file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from golden import report
from golden.report import Moment, Outcome, Report

JUNIT = """<testsuites><testsuite>
<testcase classname="tests.checks.test_names" name="test_clocks_agree[node1-node2]" time="0.5">
  <properties><property name="guide" value="G007"/><property name="node" value="node1"/>
  <property name="node" value="node2"/></properties></testcase>
<testcase classname="tests.checks.test_files" name="test_file[node1-/etc/x]" time="0.1">
  <failure message="AssertionError: /etc/x is missing&#10;assert None is not None">trace</failure>
</testcase>
<testcase classname="tests.checks.test_node" name="test_node_answers[node2]" time="1">
  <error message="failed on setup with &quot;Failed: node2 gave no facts&quot;">trace</error>
</testcase>
<testcase classname="tests.checks.test_storage" name="test_drbd[node1]" time="0">
  <skipped message="the host's kernel has no drbd"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def read(tmp_path: Path) -> Report:
    path = tmp_path / "checks.xml"
    path.write_text(JUNIT)
    return Report("rehearsal", report.from_junit(path), 12.3)


def test_outcomes_are_read(read: Report) -> None:
    assert read.outcomes[0] == Outcome(
        "names", "clocks_agree[node1-node2]", "passed", 0.5, "", ("G007",), ("node1", "node2")
    )
    assert [one.state for one in read.outcomes] == ["passed", "failed", "failed", "not run"]


def test_reasons_are_what_the_check_says(read: Report) -> None:
    reasons = [one.reason for one in read.outcomes]
    assert reasons == [
        "",
        "/etc/x is missing",
        "node2 gave no facts",
        "the host's kernel has no drbd",
    ]


def test_one_failure_is_not_ok(read: Report) -> None:
    assert not read.ok
    assert read.summary() == "1 passed, 2 failed, 1 not run here in 12 s"


def test_nothing_checked_is_not_ok() -> None:
    assert not Report("rehearsal", (), 0.0).ok
    assert not Report("rehearsal", (Outcome("a", "b", "not run", 0.0, "c"),), 0.0).ok


def test_json_says_the_same(read: Report) -> None:
    told = json.loads(json.dumps(read.as_json()))
    assert told["counts"] == {"passed": 1, "failed": 2, "not run": 1}
    assert told["checks"][1]["reason"] == "/etc/x is missing"


def test_table_shows_each_subject_failure_and_reason(
    read: Report, capsys: pytest.CaptureFixture[str]
) -> None:
    read.show()
    out = capsys.readouterr().out
    assert "FAILED files: file[node1-/etc/x]: /etc/x is missing" in out
    assert "not run here, storage (1): the host's kernel has no drbd" in out
    assert all(subject in out for subject in ("names", "files", "node", "storage"))


def test_timeline_is_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    moments = [Moment(60, 30, "node2", "ganeti_join"), Moment(0, 60, "node1", "kernel")]
    report.show_timeline(moments, "Rehearsal")
    out = capsys.readouterr().out
    assert out.index("kernel") < out.index("ganeti_join")
    assert report.timeline_json(moments)[0]["what"] == "ganeti_join"

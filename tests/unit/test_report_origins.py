"""Who reads a plan or a report sees which packages are no release's own."""

from __future__ import annotations

import pytest

from golden.report import Report, show_origins


def test_each_origin_is_a_line_with_its_names(capsys: pytest.CaptureFixture[str]) -> None:
    show_origins({"snf-common": "packages/", "eventd": "stand-in", "kamaki": "packages/"})
    assert capsys.readouterr().out.splitlines() == [
        "packages (2): kamaki, snf-common",
        "stand-in (1): eventd",
    ]


def test_a_report_has_them_for_another_program() -> None:
    assert Report("s", (), 1.0, {"kamaki": "packages/"}).as_json()["origins"] == {
        "kamaki": "packages/"
    }

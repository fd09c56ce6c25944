"""scripts/host/record-real: what its document says."""

from __future__ import annotations

import pytest

from bench import real
from golden.report import Outcome, Report

GREEN = Outcome("kamaki", "image_is_listed[node1]", "passed", 1.0)
RED = Outcome("admin", "page_is_shown[node1]", "failed", 1.0, "status 500 | page")
ELSEWHERE = Outcome("storage", "group_is_there[node1]", "not run", 0.0, "no device mapper")


def document(*outcomes: Outcome) -> str:
    seen = real.Record({"bake": 61.4}, {"after first boot": Report("real", outcomes, 9.0)})
    return real.document(seen, {"snf-common": "0.16.2-1~wheezy"}, ["snf-cyclades-gtools"])


def test_it_counts_and_names_what_ran() -> None:
    text = document(GREEN, RED, ELSEWHERE)
    assert "| bake | 61 |" in text and "| after first boot | 1 | 1 | 1 |" in text
    assert "Of the folder (1): snf-common 0.16.2-1~wheezy." in text
    assert "Played: snf-cyclades-gtools." in text
    assert "- 1: no device mapper" in text


def test_a_red_check_without_a_reason_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert r"| admin.page_is_shown | status 500 \| page | OURS TO MEND |" in document(GREEN, RED)
    monkeypatch.setattr(real, "REASONS", {"admin.page_is_shown": "its page is upstream's"})
    assert "| its page is upstream's |" in document(GREEN, RED)
    assert "## Red checks\n\nNone.\n" in document(GREEN)


def test_the_committed_document_was_written_by_it_or_is_empty() -> None:
    assert real.DOCUMENT.read_text().startswith(real.HEAD)

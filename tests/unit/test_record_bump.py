"""What a recorded bump leaves: a short document for the repository, and all of it as a report."""

from __future__ import annotations

import re

from bench import bump

SEEN = bump.Record(
    stages=[("bake at Synnefo 0.16.2", 89.06), ("undo", 1.1)],
    findings=["node1 differs in 10 packages"],
    texts={"The plan of the bump": "kernel  up to date\n"},
)


def test_the_document_has_times_and_findings_alone() -> None:
    text = bump.summary(SEEN, "scripts/host/record-bump")
    assert "\n- node1 differs in 10 packages\n" in text
    assert text.endswith("| bake at Synnefo 0.16.2 | 89.1 |\n| undo | 1.1 |\n")
    assert "up to date" not in text


def test_the_report_has_the_document_and_all_that_was_printed() -> None:
    command = "scripts/host/record-bump --short"
    text = bump.whole(SEEN, command)
    assert text.startswith(bump.summary(SEEN, command))
    assert text.endswith("\n## The plan of the bump\n\n```text\nkernel  up to date\n```\n")


def test_the_committed_document_is_a_summary() -> None:
    text = bump.DOCUMENT.read_text()
    assert len(text.splitlines()) < 40
    assert re.findall(r"```|@@|\b[0-9a-f]{12,64}\b|\d{4}-\d\d-\d\d", text) == []

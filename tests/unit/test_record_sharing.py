"""The page of scripts/host/record-sharing: what was measured, and the arithmetic for a rack."""

from __future__ import annotations

from bench.sharing.document import Plan, Row, text


def page() -> str:
    rows = [
        Row(machines, shared, 2.0 * machines, seconds, copies, memory)
        for machines, shared, seconds, copies, memory in (
            (4, False, 34.0, 4.0, 0.0),
            (4, True, 20.4, 1.5, 30.0),
            (16, False, 136.0, 16.0, 0.0),
            (16, True, 40.4, 3.5, 72.6),
        )
    ]
    return text(Plan(32, 32, 2), rows)


def test_each_measurement_is_a_line_of_the_table() -> None:
    assert "| 4 | HTTP | 8 s | 34 s | 4.0 |\n| 4 | BitTorrent | 8 s | 20 s | 1.5 |" in page()
    assert "held 73 MiB at most" in page()
    # 32 MiB at 32 Mbit/s.
    assert "a link takes 8.4 s" in page()


def test_the_rack_is_reckoned_from_what_doubling_took() -> None:
    words = " ".join(page().split())
    assert "200 * (60 + 2 * 500) MB / 118 MB/s = 1797 s, 30 minutes" in words
    assert "200 * 60 MB / 118 MB/s = 102 s" in words
    assert "4 machines 20 s and 16 machines 40 s, 10 s more for each doubling" in words
    # log2(200 / 16) = 3.6
    assert "3.6 more: 40 s + 3.6 * 10 s = 77 s. Together 179 s, 10 times as fast" in words

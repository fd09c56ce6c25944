"""The page of scripts/host/record-farm, and its curves."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from bench.farm.document import Row, page, picture

PLAIN = Row(1, 3, 14.2, 100.0, 0, 3, 900.0)
BY_NODES = [Row(1, 2, 14.0, 90.0, 8, 2, 600.0), Row(1, 50, 14.0, 105.0, 10, 3, 900.0)]
BY_SITES = [Row(1, 3, 14.0, 104.0, 10, 3, 900.0), Row(10, 3, 30.0, 320.0, 37, 30, 9000.0)]


def test_sites_together_are_held_against_sites_one_by_one() -> None:
    text = page(2, PLAIN, BY_NODES, BY_SITES)
    assert "| 1 | 50 | 14.0 s | 105 s | 10 | 3 | 900 MB |\n" in text
    assert "| 1 | 3 | 14.2 s | 100 s |  | 3 | 900 MB |\n" in text
    words = " ".join(text.split())
    assert "so 10 sites have 37 layers" in words and "24 s for each more" in words
    assert "times the first row, 1000 s; together they take 320 s, 0.32 of that" in words


def test_the_picture_has_every_point_and_says_it_in_words() -> None:
    drawn = ET.fromstring(picture(BY_NODES, BY_SITES))
    assert len(drawn.findall(".//{*}circle")) == 4
    title = drawn.find("{*}title")
    assert title is not None and title.text is not None
    assert "by sites of three kinds: 1: 104 s, 10: 320 s" in title.text

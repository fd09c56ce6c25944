"""The page of scripts/host/record-farm, and its curves."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from bench.farm.document import DOCUMENT, Row, files

BY_NODES = [
    Row(1, 1, 2, 14.0, 30.0, 44.0, 2, 2, 600.0, 0.1),
    Row(1, 1, 50, 15.0, 45.0, 61.0, 3, 3, 900.0, 0.1),
]
BY_SITES = [
    Row(1, 1, 3, 14.0, 100.0, 150.0, 13, 3, 900.0, 0.25),
    Row(4, 3, 3, 40.0, 90.0, 130.0, 9, 9, 2700.0, 0.1),
    Row(10, 6, 3, 80.0, 180.0, 260.0, 18, 18, 5400.0, 0.1),
]


def test_sites_together_are_held_against_sites_one_by_one() -> None:
    text = dict(files(2, BY_NODES, BY_SITES))[DOCUMENT]
    assert "| 1 | 1 | 50 | 15.0 s | 45 s | 61 s | 3 | 3 | 900 MB | 10% |\n" in text
    words = " ".join(text.split())
    assert "All sites share 10 layers, made once" in words and "Each has 3 kinds" in words
    assert "its disks: 30 s (43 s of a processor) for each more" in words
    assert "All 10 took 370 s" in words and "they would take 1000 s" in words
    assert "together it is 0.37 of that, and 0.36 of its processor's time" in words


def test_the_pictures_have_every_point_and_say_it_in_words() -> None:
    for name, points, said in (
        ("farm-nodes.svg", 4, "one site of 2 to 50 nodes: 2: 30 s, 50: 45 s"),
        ("farm-sites.svg", 6, "1 to 10 sites: 1: 100 s, 4: 190 s, 10: 370 s"),
    ):
        drawn = ElementTree.fromstring(dict(files(2, BY_NODES, BY_SITES))[DOCUMENT.with_name(name)])
        title = drawn.find("{*}title")
        assert title is not None and title.text is not None and said in title.text
        assert len(drawn.findall(".//{*}circle/{*}title")) == points

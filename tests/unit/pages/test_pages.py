"""The report's pages: whole, whatever was done so far, and of nothing that lies elsewhere."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from golden.definition import load
from golden.pages import PAGES, drawing, history, timeline
from golden.report import Moment
from tests.unit.pages import sample


class Page(HTMLParser):
    """The ids, links and open tags of a page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            if name == "id" and value:
                self.ids.add(value)
            if name in ("href", "src") and value:
                self.links.append(value)


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    sample.artifacts(tmp_path, monkeypatch)
    return sample.written()


def test_every_link_leads_to_a_file_of_the_report(report: Path) -> None:
    pages = {f"{name}.html": Page(report / f"{name}.html") for name in PAGES}
    for name, page in pages.items():
        for link in page.links:
            if link == "data:,":
                continue
            parts = urlsplit(link)
            assert not parts.scheme and not parts.netloc, f"{name} needs {link}"
            assert (report / unquote(parts.path)).is_file(), f"{name}: {link}"
            assert not parts.fragment or parts.fragment in pages[parts.path].ids, link


def test_the_verdict_and_the_failure_come_first(report: Path) -> None:
    text = (report / "index.html").read_text()
    verdict, failure, picture = (
        text.index(words) for words in ("1 passed, 1 failed, 1 not run here", "names_are", "<svg")
    )
    assert verdict < failure < picture


def test_an_upgrade_shows_why_it_came_back_and_how_long_services_were_away(report: Path) -> None:
    text = (report / "index.html").read_text()
    assert f"From release {'a' * 12} to {'b' * 12}: back again, it" in text
    assert 'aria-label="14 %"' in text and "41.5" in text


@pytest.mark.parametrize(("why", "ended"), [("", "done"), ("no room", "back again, no room")])
def test_an_upgrade_that_noted_no_end_is_shown_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str, ended: str
) -> None:
    sample.artifacts(tmp_path, monkeypatch)
    file = tmp_path / sample.SITE / "upgrade" / "upgrade.json"
    noted = {**json.loads(file.read_text()), "why": why}
    del noted["ended"]
    file.write_text(json.dumps(noted))
    assert f"to {'b' * 12}: {ended}</p>" in (sample.written() / "index.html").read_text()


def test_a_text_is_no_markup(report: Path) -> None:
    for name in PAGES:
        assert "<b>&" not in (report / f"{name}.html").read_text()
    assert "&lt;b&gt;&amp;" in (report / "index.html").read_text()


def test_failures_are_open_and_link_to_the_guide(report: Path) -> None:
    text = (report / "checks.html").read_text()
    assert text.index("<details open>") < text.index("<b>names</b>") < text.index("<b>files</b>")
    assert 'href="guide.html#G056"' in text


def test_a_layer_that_left_the_cache_is_said(report: Path) -> None:
    text = (report / "images.html").read_text()
    assert "the layers are no longer in the cache" in text
    assert "stand-in" in text and "500 MB" in text


def test_the_changes_are_those_of_a_comparison(report: Path) -> None:
    text = (report / "changes.html").read_text()
    assert '<span class="plus">+port = 5433</span>' in text
    assert '<summary class="new">new: <code>/etc/new</code></summary>' in text


def test_the_last_bump_shows_its_packages_notes_and_what_a_bake_had_to_make(report: Path) -> None:
    text = (report / "changes.html").read_text()
    assert text.index("The last bump") < text.index("Packages that change version: 1")
    assert "Note on Synnefo 0.17: it&#39;s &lt;b&gt;" in text
    assert '<td><code>node1.disk</code><td class="number">unknown' in text


def test_nothing_done_yet_is_pages_that_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample.empty(tmp_path, monkeypatch)
    folder = sample.written()
    for name, words in {
        "index": "No check was ever run",
        "checks": "No check was ever run",
        "guide": "291 actions",
        "images": "None is baked",
        "changes": "<h2>Images</h2>\n<p>There is no release before the one in place",
        "site": "node1.rehearsal.test",
        "history": "It begins with the second rehearsal",
    }.items():
        assert words in (folder / f"{name}.html").read_text(), name


def test_bars_are_where_their_times_are() -> None:
    gantt = timeline.draw(sample.MOMENTS, ["node1", "node2"])
    assert gantt is not None
    assert [name for name, _, _ in gantt.lanes] == ["site", "node1", "node2"]
    bake, boot = gantt.lanes[0][2]
    assert bake.x == 0
    assert bake.width + boot.width == pytest.approx(timeline.WIDTH)
    assert boot.x == pytest.approx(bake.width)
    assert [seconds for _, seconds in gantt.ticks] == [0, 30, 60, 90, 120, 150]


@pytest.mark.parametrize("end", [0.2, 9, 100, 5000, 90000])
def test_ticks_are_few(end: float) -> None:
    gantt = timeline.draw([Moment(0, end, "site", "bake")], [])
    assert gantt is not None and 1 <= len(gantt.ticks) <= 26


def test_each_node_is_drawn_with_its_services() -> None:
    site = load("rehearsal-four")
    boxes = drawing.draw(site).boxes
    assert [box.node.name for box in boxes] == ["node1", "node2", "node3", "node4"]
    assert any("postgresql" in line for line in boxes[0].lines)
    assert any(":5432" in line for line in boxes[0].lines)
    assert len({box.x for box in boxes}) == 4


def test_a_torn_line_of_the_history_is_left_out(report: Path) -> None:
    file = report.parent / history.FILE
    lines = file.read_text()
    assert len(lines.splitlines()) == 3 and all(map(json.loads, lines.splitlines()))
    file.write_text(lines + '{"when": "2026-')
    (plot,) = history.plots(sample.SITE)
    assert (plot.title, plot.target) == ("boot until READY, s", "container")
    assert [value for _, _, value, _ in plot.points] == [80.0, 70.0, 75.5]
    assert (plot.least, plot.most) == (70.0, 80.0)
    assert plot.points[0][1] == 0 and plot.points[-1][0] == history.WIDTH

"""scripts/host/record-many-nodes: the sites that it makes, what it reads of a boot, its page."""

from __future__ import annotations

import dataclasses
import shutil
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.checkout import Copy
from bench.nodes import __main__ as recorder
from bench.nodes import document, site
from bench.nodes.readings import ADD, Adding, Reading
from golden import atomic, rundir
from golden.definition import Site, load
from golden.errors import StageError, UserError
from golden.host import Host
from golden.paths import ROOT

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def made(tmp_path: Path) -> Callable[[int], Site]:
    """The site of so many nodes, defined in a checkout of its own."""
    shutil.copytree(ROOT / "images", tmp_path / "images", symlinks=True)
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")

    def make(count: int) -> Site:
        site.define(tmp_path, count)
        return load(site.name(count), tmp_path)

    return make


def test_the_nodes_after_the_second_are_small_and_of_one_image(
    made: Callable[[int], Site],
) -> None:
    for count in (2, 16, site.MOST):
        found = made(count)
        assert [node.name for node in found.nodes] == [f"node{n}" for n in range(1, count + 1)]
        kinds = [node.kind.name for node in found.nodes]
        assert kinds == ["node1", "node2", *["ganeti-node"] * (count - 2)]
        assert found.host_of("ganeti-master").name == "node1"
    assert ADD in found.nodes[0].kind.first_boot


@pytest.mark.parametrize("word", ["", "1", "2,", "2 4", "2,4", "100", "-2", "²"])
def test_what_is_no_number_of_nodes_is_refused(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        recorder.numbers(["--nodes", "4", word])
    assert ended.value.code == 2
    assert f"'{word}' is no number from 2 to 99" in capsys.readouterr().err


def test_each_number_of_nodes_is_booted_once() -> None:
    assert recorder.numbers(["--nodes", "16", "2", "4", "2"]) == [2, 4, 16]
    assert recorder.numbers([]) == [2, 4, 8, 16]


def test_nodes_that_may_not_fit_are_refused(made: Callable[[int], Site]) -> None:
    four, wanted = made(4), 3072 + 1536 + 2 * 1024

    def host(mib: int) -> Host:
        return Host(text=lambda _: f"MemAvailable: {mib * 1024} kB\n")

    recorder.must_fit(four, host(wanted))
    with pytest.raises(UserError, match=rf"4 nodes: .*{wanted} MiB; have fewer"):
        recorder.must_fit(four, host(wanted - 1))


def reading(nodes: int, *, busy: float = 30.0) -> Reading:
    """Of a boot in which each node more takes 4 s of the master: 3 s of a job, 1 s of asking."""
    others = [f"node{number}" for number in range(2, nodes + 1)]
    step = Adding(10.0 + 4 * nodes, 5.0, (3.0,) * nodes, 1.0 * nodes, busy, busy - 3, 0.1 * busy)
    return Reading(
        nodes=nodes,
        cores=2,
        master="node1",
        ready={"node1": 60.0 + 5 * nodes, **dict.fromkeys(others, 50.0 + nodes)},
        began=30.0,
        steps={"engine": 1.0, "schema": 4.0, "postgresql": 2.0 + nodes, ADD: step.seconds},
        adding=step,
        processor={"node1": 40.0 + 0.5 * nodes, **dict.fromkeys(others, 11.0)},
        mib=512.0 * nodes,
        beside=0.07,
    )


def test_a_reading_is_kept_whole(tmp_path: Path) -> None:
    for nodes in (16, 4):
        kept = dataclasses.asdict(reading(nodes))
        rundir.write(tmp_path / f"{nodes}.json", kept)
    (tmp_path / "8.json").write_text('{"nodes": 8, "adding"')
    rundir.write(tmp_path / "2.json", {**kept, "unknown": 1})
    assert document.read(tmp_path) == [reading(4), reading(16)]


def page(*every: Reading) -> str:
    return " ".join(document.text(every).split())


def test_each_boot_is_a_line_of_both_tables() -> None:
    text = document.text([reading(2), reading(16)])
    assert "| 2 | 30 s | 18 s | 70 s | 52 s | 52 s | 41 s | 11 s | 1024 MiB | 7% |\n" in text
    assert "| 16 | 30 s | 74 s | 140 s | 66 s | 66 s | 48 s | 11 s | 8192 MiB | 7% |\n" in text
    assert "| 2 | 18.0 | 5.0 | 6.0 | 3.0 | 2.0 | 5.0 | 83% | 75% | 8% |\n" in text
    assert (
        "| step | 2 nodes | 16 nodes |\n| --- | --- | --- |\n| postgresql | 4.0 | 18.0 |\n" in text
    )
    assert "schema" not in text


def test_the_limit_is_what_grew_most() -> None:
    words = page(reading(2), reading(16))
    assert "made node1 READY 5.0 s later: 0.0 s before this step, 4.0 s in it, 1.0 s after" in words
    assert "the most is Ganeti's jobs, one after another: 3.0 s for each node" in words
    assert "node1 computed 0.5 s more for each" in words
    assert "busy for 20% of the step, 18% of it with the nodes. So the cores are not what" in words
    words = page(reading(2), reading(16, busy=146.0))
    assert "99% of the step, 97% of it with the nodes. So the limit here are the cores" in words
    assert "node1: 0.5 s of a core for each node more, and a job of Ganeti" in words
    assert "of 3.0 s with 2 nodes" in words


def test_the_curve_has_a_dot_for_each_node() -> None:
    every = [reading(2), reading(4), reading(16)]
    picture = ElementTree.fromstring(document.picture(every))
    dots = [dot.findtext(f"{SVG}title") for dot in picture.iter(f"{SVG}circle")]
    shown = [words for words in dots if words]
    assert len(shown) == (1 + 3 + 15) + 3 + 3
    assert "node1 READY, 16 nodes: 140 s" in shown
    assert [len(line.get("points", "").split()) for line in picture.iter(f"{SVG}polyline")] == [
        3,
        3,
    ]
    assert picture.findtext(f"{SVG}title") == document.title(every)
    ticks = [text.text for text in picture.iter(f"{SVG}text")]
    assert [tick for tick in ticks if tick in ("2", "4", "16")] == ["2", "4", "16"]
    assert "150" in ticks and "140" not in ticks


class Played:
    """A copy in which a boot writes what `reading` gives, or fails."""

    def __init__(self, folder: Path, failing: int = 0) -> None:
        self.home, self.log, self.failing = folder, folder / "log", failing
        self.ran = list[tuple[str, ...]]()

    def bench(self, module: str, name: str, file: str) -> None:
        self.ran.append((module, name))
        count = int(name.rpartition("-")[2])
        atomic.write(self.home / ".cache/run" / name / "node2" / "console.log", name)
        if count == self.failing:
            raise StageError("bench", "node9 is not READY")
        rundir.write(Path(file), dataclasses.asdict(reading(count)))

    def inv(self, *words: str) -> None:
        self.ran.append(words)


def test_a_site_is_thrown_away_however_its_boot_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "RECORDS", tmp_path / "records")
    copy = Played(tmp_path, failing=8)
    recorder.measure(copy, 4)  # type: ignore[arg-type]
    with pytest.raises(StageError, match="node9"):
        recorder.measure(copy, 8)  # type: ignore[arg-type]
    downs = [("down", "--site", f"nodes-{count}") for count in (4, 8)]
    assert copy.ran == [("nodes.once", "nodes-4"), downs[0], ("nodes.once", "nodes-8"), downs[1]]
    assert document.read(tmp_path / "records") == [reading(4)]
    assert (tmp_path / "records/8/node2.console.log").read_text() == "nodes-8"


def test_what_a_killed_run_left_is_thrown_away_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downs = list[tuple[str, ...]]()
    monkeypatch.setattr(Copy, "inv", lambda _, *words: downs.append(words))
    recorder.end_former(Copy(tmp_path))
    for name in ("nodes-4/node1", "nodes-4/node2", "nodes-8", "other/node1"):
        (tmp_path / "home/.cache/run" / name).mkdir(parents=True)
        if "/" in name:
            (tmp_path / "home/.cache/run" / name / "target").write_text("container")
    recorder.end_former(Copy(tmp_path))
    assert downs == [("down", "--site", "nodes-4")]


def test_the_page_compares_two_numbers_of_nodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DOCUMENT", "PICTURE"):
        monkeypatch.setattr(document, name, tmp_path / name)
    records = tmp_path / "records"
    monkeypatch.setattr(recorder, "RECORDS", records)
    for name in ("fresh", "end_former", "must_fit"):
        monkeypatch.setattr(recorder, name, lambda *_: Copy(tmp_path))
    for name in ("engine.connect", "site.define", "definition.load"):
        monkeypatch.setattr(f"{recorder.__name__}.{name}", lambda *_: None)

    def measure(_: Copy, count: int) -> None:
        rundir.write(records / f"{count}.json", dataclasses.asdict(reading(count)))

    monkeypatch.setattr(recorder, "measure", measure)
    monkeypatch.setattr(sys, "argv", ["record-many-nodes", "--nodes", "4"])
    assert recorder.main() == 0 and not document.DOCUMENT.exists()
    monkeypatch.setattr(sys, "argv", ["record-many-nodes", "--nodes", "2"])
    assert recorder.main() == 0
    assert document.DOCUMENT.read_text() == document.text([reading(2), reading(4)])
    assert document.PICTURE.read_text() == document.picture([reading(2), reading(4)])

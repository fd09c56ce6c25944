"""The recorder of power cuts, on consoles that a test writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.cuts import __main__ as recorder
from bench.cuts import document, plan
from bench.cuts.plan import Strike, strikes
from bench.cuts.sequence import Sequence
from golden import rundir
from golden.boot import running
from golden.boot.container.target import Container
from golden.definition.models import Node, Site
from golden.errors import StageError
from golden.rundir import NodeDir
from tests.unit.small_site import small_site

STEPS = {"n1": ("one", "two"), "n2": ("one",)}


def test_a_seed_gives_the_same_strikes_and_another_one_others() -> None:
    first = strikes(1, STEPS, {"n1.one": 9.0}, 4)
    assert first == strikes(1, STEPS, {"n1.one": 9.0}, 4) and len(first) == 4
    assert first != strikes(2, STEPS, {"n1.one": 9.0}, 4)
    everything = strikes(3, STEPS, {}, 99)
    assert set(everything) == {
        *(("n1", step) for step in ("one", "two", plan.READY)),
        *(("n2", step) for step in ("one", plan.READY)),
    }
    assert all(one.moment == "inside" or not one.delay for one in everything.values())


class Played:
    """Nodes that say the lines of `boots`, one list for each time that their power comes."""

    def __init__(self, patch: pytest.MonkeyPatch, boots: dict[str, list[list[tuple[str, str]]]]):
        self.boots, self.off = boots, list[str]()
        patch.setattr(running, "power_on", self.power_on)
        patch.setattr(Container, "cut", lambda _, site, node: self.off.append(node))

    def power_on(self, site: Site, nodes: list[Node], place: Container) -> None:
        for node in nodes:
            files = NodeDir(site.name, node.name)
            files.path.mkdir(parents=True, exist_ok=True)
            files.console.write_text(
                "".join(map(self._line(node.name), self.boots[node.name].pop(0)))
            )

    def _line(self, node: str):  # type: ignore[no-untyped-def]
        def line(said: tuple[str, str]) -> str:
            step, state = said
            event = {"node": node, "step": step, "n": {"one": 1, "two": 2}.get(step, 0), "of": 2}
            more = {"state": state, "detail": "d", "seconds": 0, "uptime": 1}
            return "\r\n@firstboot " + json.dumps(event | more) + "\r\n"

        return line


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Site:
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    return small_site()


ONE, TWO = [("one", "running"), ("one", "done")], [("two", "running"), ("two", "done")]
READY = [("ready", "done")]


def test_each_place_is_struck_once_and_the_end_is_ready(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [node.name for node in site.nodes]
    first = names[0]
    boots = {name: [[*ONE, *TWO, *READY]] * 3 for name in names}
    played = Played(monkeypatch, boots)
    chosen = {
        (first, "one"): Strike(first, "one", "before", (first,), 0.0, 0.0),
        (first, "two"): Strike(first, "two", "after", tuple(names), 0.0, 0.0),
    }
    cuts = Sequence(site, Container(), chosen).run()
    assert [cut.strike.step for cut in cuts] == ["one", "two"]
    assert played.off == [first, *names]
    assert [cut.at[first] for cut in cuts] == ["one running", "two done"]
    assert all(cut.recovery is not None for cut in cuts)


def test_a_node_that_fails_or_says_nothing_is_wedged(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [node.name for node in site.nodes]
    Played(monkeypatch, {name: [[*ONE, ("ready", "failed")]] for name in names})
    with pytest.raises(StageError, match=f"{names[0]}: d; after 0 cuts"):
        Sequence(site, Container(), {}).run()
    monkeypatch.setattr("bench.cuts.sequence.SILENT_SECONDS", 0.1)
    Played(monkeypatch, {name: [ONE] for name in names})
    with pytest.raises(StageError, match="no console says anything"):
        Sequence(site, Container(), {}).run()


def test_the_document_sums_up_every_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "PATH", tmp_path / "power-cuts.md")
    monkeypatch.setattr(document, "shown", str)
    strike = {"node": "n1", "step": "one", "moment": "inside"}
    cuts = [{"strike": strike, "recovery": 3.6}, {"strike": strike, "recovery": None}]
    for seed, why in ((1, ""), (2, "n1: it broke\nmore")):
        found = {"seed": seed, "survived": not why, "why": why, "seconds": 9, "cuts": cuts}
        rundir.write(tmp_path / "all" / "container" / f"{seed}.json", found)
    document.write(tmp_path / "all")
    text = (tmp_path / "power-cuts.md").read_text()
    assert "| 1 | 2 | 9 | 4 s | as without a cut |" in text
    assert "| 2 | 2 | 9 | 4 s | n1: it broke |" in text
    assert "2 of 4 cuts in first boots that ended as without a cut" in text
    assert "| n1 one |  | 4 |  | 4 s |" in text


@pytest.mark.parametrize(
    ("why", "red", "told"),
    [("", "", ""), ("differs", "", "differs"), ("", "check", "1 failed")],
    ids=["good", "differs", "red"],
)
def test_a_first_boot_that_is_rehearsed_is_kept_with_what_came_of_it(
    monkeypatch: pytest.MonkeyPatch, why: str, red: str, told: str
) -> None:
    def rehearse(site: Site, place: Container, *, boot: Callable[..., None]) -> None:
        boot(site, place)
        if red:
            raise StageError(red, "1 failed")

    monkeypatch.setattr(recorder, "rehearse", rehearse)
    cut = {"seed": 1, "survived": not why, "why": why, "seconds": 9, "cuts": []}
    found = recorder._rehearsed(small_site(), Container(), lambda: cut)
    assert found["survived"] == (not told) and told in found["why"]


def test_a_rehearsal_that_never_booted_is_none_of_its_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    def rehearse(*_: object, **__: object) -> None:
        raise StageError("bake", "no room")

    monkeypatch.setattr(recorder, "rehearse", rehearse)
    with pytest.raises(StageError, match="no room"):
        recorder._rehearsed(small_site(), Container(), dict)

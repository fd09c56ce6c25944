"""An upgrade ends with the site whole on one release, with its state, wherever it is cut."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from golden import upgrade
from golden.boot import former
from golden.boot.former import Journal
from golden.boot.target import Target
from golden.definition import load
from golden.errors import StageError, UserError

SITE = load("rehearsal")
NODES = [node.name for node in SITE.nodes]
OLD, NEW = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


class Cut(BaseException):
    """The tool is killed here."""


class World(Target):
    """A target that keeps machines and states in memory; `cut_at` counts down to a kill."""

    name = "container"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = OLD
        # Of each node: the release of its machine, and of that set aside.
        self.machine = dict.fromkeys(NODES, OLD)
        self.aside: dict[str, str] = {}
        self.state = {name: f"{name} of {OLD}" for name in NODES}
        self.on = set(NODES)
        self.started: list[list[str]] = []
        self.red: set[str] = set()
        self.cut_at = -1

    def tick(self) -> None:
        self.cut_at -= 1
        if self.cut_at == 0:
            raise Cut

    def check(self, site: object, nodes: object) -> None: ...
    def up(self, site: object, node: object) -> bool:
        raise NotImplementedError

    def down(self, site: str, node: str, *, keep: bool, keep_state: bool = False) -> bool:
        raise NotImplementedError

    def machine_state(self, site: str, node: str) -> str:
        return "running"

    def set_aside(self, site: str, node: str) -> None:
        self.tick()
        if node in self.machine:
            self.aside[node] = self.machine.pop(node)

    def take_back(self, site: str, node: str) -> None:
        self.tick()
        if node in self.aside:
            self.machine[node] = self.aside.pop(node)

    def forget_aside(self, site: str, node: str) -> None:
        self.aside.pop(node, None)

    def cut(self, site: str, node: str) -> bool:
        self.on.discard(node)
        return True

    def has_state_apart(self, site: str, node: str) -> bool:
        return node in NODES

    def save_state(self, site: str, node: str, folder: Path) -> None:
        assert not self.on, "a copy of what is written to is none"
        self.tick()
        folder.mkdir(parents=True)
        (folder / "state").write_text(self.state[node])

    def restore_state(self, site: str, node: str, folder: Path) -> None:
        assert node not in self.on
        self.state[node] = "half"
        self.tick()
        self.state[node] = (folder / "state").read_text()

    def shut_down(self, *_: object, **__: object) -> None:
        for name in NODES:
            self.tick()
            self.on.discard(name)

    def boot(self, *_: object) -> None:
        for name in NODES:
            self.tick()
            self.machine.setdefault(name, self.place)
            self.on.add(name)
        assert set(self.machine.values()) == {self.place}, "machines of two releases"
        if "boot" in self.red and self.place == NEW:
            raise StageError("boot", "node1: step schema: command `snf-manage migrate` exit 1")
        for name in NODES:
            assert self.state[name] == f"{name} of {OLD}" or self.place == NEW
            self.state[name] = f"{name} of {self.place}"

    def promote(self, _: str, release: str) -> None:
        self.tick()
        self.place = release

    def checked(self, *_: object) -> None:
        self.tick()
        if "check" in self.red and self.place == NEW:
            raise StageError("check", "site rehearsal: 1 failed")

    def start(self, _: object, names: list[str]) -> None:
        self.tick()
        self.started.append(names)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    found = World(tmp_path)
    monkeypatch.setattr(former, "folder", lambda site: tmp_path / f"{site}.former")
    monkeypatch.setattr(upgrade, "target", lambda name: found)
    monkeypatch.setattr(upgrade, "begin", lambda *_, **options: _begun(found, options["rehearsal"]))
    monkeypatch.setattr(upgrade.running, "down", found.shut_down)
    monkeypatch.setattr(upgrade.running, "boot", found.boot)
    monkeypatch.setattr(upgrade.switch, "promote", found.promote)
    monkeypatch.setattr(upgrade, "check", found.checked)
    monkeypatch.setattr(upgrade.instances, "start", found.start)
    monkeypatch.setattr(upgrade.record, "keep", lambda *_: None)
    monkeypatch.setattr(upgrade.record, "keep_consoles", lambda *_: None)
    monkeypatch.setattr(upgrade, "Prober", _Silent)
    return found


class _Silent:
    def __init__(self, site: object) -> None:
        self.away: dict[str, float] = {}

    def __enter__(self) -> _Silent:
        return self

    def __exit__(self, *_: object) -> None: ...


def _begun(world: World, rehearsal: bool) -> Journal:
    shutil.rmtree(former.folder("rehearsal"), ignore_errors=True)
    return Journal("leaving", OLD, NEW, "container", ["vm1"], rehearsal=rehearsal)


def release(world: World) -> str:
    """The one release that runs, with the state that it wrote."""
    assert world.on == set(NODES)
    found = set(world.machine.values())
    assert len(found) == 1 and found == {world.place}
    assert world.state == {name: f"{name} of {world.place}" for name in NODES}
    return world.place


def test_the_site_goes_over_and_can_be_brought_back(world: World) -> None:
    upgrade.upgrade("rehearsal")
    assert release(world) == NEW and world.started == [["vm1"]]
    former.must_not_be_under_way("rehearsal")
    upgrade.undo("rehearsal")
    assert release(world) == OLD and former.read("rehearsal") is None
    with pytest.raises(UserError, match="has left anything to go back to"):
        upgrade.undo("rehearsal")


def test_a_rehearsal_comes_back_with_nothing_changed(world: World) -> None:
    upgrade.upgrade("rehearsal", rehearsal=True)
    assert release(world) == OLD and world.started == [["vm1"], ["vm1"]]
    assert former.read("rehearsal") is None


def test_a_rehearsal_cut_anywhere_comes_back(world: World) -> None:
    assert _cuts(world, lambda: upgrade.upgrade("rehearsal", rehearsal=True), [OLD]) == {OLD}


def test_what_is_committed_is_gone(world: World) -> None:
    upgrade.upgrade("rehearsal")
    upgrade.commit("rehearsal")
    assert release(world) == NEW and not world.aside
    assert not former.folder("rehearsal").exists()


@pytest.mark.parametrize("stage", ["boot", "check"])
def test_a_stage_that_fails_brings_the_former_release_and_its_state_back(
    world: World, stage: str
) -> None:
    world.red = {stage}
    with pytest.raises(StageError, match=rf"is back on release {OLD}, .*{stage}"):
        upgrade.upgrade("rehearsal")
    assert release(world) == OLD
    assert world.started[-1] == ["vm1"]
    assert former.read("rehearsal") is None


def _cuts(world: World, act: Callable[[], None], ends: Sequence[str]) -> set[str]:
    """Where `act` ends when it is cut at each of its ticks in turn, each time on a fresh site."""
    found, number = set(), 0
    while True:
        number += 1
        fresh = World(world.folder)
        world.__dict__.update({**fresh.__dict__, "red": world.red, "cut_at": number})
        former.forget("rehearsal")
        with contextlib.suppress(Cut, StageError):
            act()
        if world.cut_at > 0:
            return found
        # Where it is back already, only the check was cut.
        if former.read("rehearsal"):
            with pytest.raises(UserError, match="has not ended: go on with"):
                former.must_not_be_under_way("rehearsal")
            with contextlib.suppress(StageError):
                upgrade.upgrade("rehearsal")
        found.add(release(world))
        assert found <= set(ends)


def test_cut_anywhere_it_goes_on_to_the_new_release(world: World) -> None:
    assert _cuts(world, lambda: upgrade.upgrade("rehearsal"), [NEW]) == {NEW}


@pytest.mark.parametrize("stage", ["boot", "check"])
def test_cut_anywhere_while_it_fails_it_goes_back(world: World, stage: str) -> None:
    world.red = {stage}
    assert _cuts(world, lambda: upgrade.upgrade("rehearsal"), [OLD]) == {OLD}


def test_cut_while_it_goes_back_it_is_brought_back_all_the_same(world: World) -> None:
    upgrade.upgrade("rehearsal")
    world.cut_at = 3
    with pytest.raises(Cut):
        upgrade.undo("rehearsal")
    upgrade.upgrade("rehearsal")
    assert release(world) == OLD

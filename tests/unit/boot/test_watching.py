"""Following boots: done when every node is ready, one clear message when one is not."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from golden import rundir
from golden.boot import watching as module
from golden.boot.metal import following
from golden.boot.watching import follow
from golden.definition.models import Node, Site
from golden.errors import StageError, UserError
from golden.rundir import NodeDir, State

CONSOLES = Path(__file__).with_name("consoles")


class Place:
    """A target whose machines are in the state that the test sets."""

    name = "place"

    def __init__(self) -> None:
        self.machine = "running"

    def check(self, site: Site, nodes: tuple[Node, ...]) -> None: ...

    def up(self, site: Site, node: Node) -> bool:
        return False

    def down(self, site: str, node: str, *, keep: bool) -> bool:
        return False

    def is_on(self, site: str, node: str) -> bool:
        return True

    def machine_state(self, site: str, node: str) -> str:
        return self.machine


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    monkeypatch.setattr(module, "CACHE", tmp_path)
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(module, "PROBE_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(module.login, "probe", lambda port, address, jump: "answers")


def booted(node: str, console: str | None) -> NodeDir:
    files = NodeDir("site", node)
    state = State(
        os.getpid(),
        1,
        "boot",
        time.time() - 100,
        2201,
        "tcg",
        factor=6.0,
        artifact="",
        stamp=[],
        target="place",
    )
    files.remember(state)
    if console is not None:
        files.console.write_bytes((CONSOLES / f"{console}.txt").read_bytes())
    return files


def test_nodes_that_are_ready(capsys: pytest.CaptureFixture[str]) -> None:
    booted("node1", "ready")
    booted("node2", "ready")
    took = follow("site", ["node1", "node2"], Place())
    assert took == pytest.approx({"node1": 100, "node2": 100}, abs=5)
    assert "ok  node1: ready 10" in capsys.readouterr().out


def test_the_next_boot_knows_how_long_it_takes(tmp_path: Path) -> None:
    booted("node1", "ready")
    follow("site", ["node1"], Place())
    kept = json.loads((tmp_path / "boot-seconds.json").read_text())
    assert 99 <= kept["site as place"]["node1"] <= 105
    # A container is ready ten times as fast as an emulated machine.
    assert module._expected("site as place")["node1"] >= 99
    assert module._expected("site as another") == {}
    # And a later boot of the same disks sooner than their first one.
    NodeDir("site", "node1").begin()
    booted("node1", "ready")
    follow("site", ["node1"], Place())
    kept = json.loads((tmp_path / "boot-seconds.json").read_text())
    assert set(kept) == {"site as place", "site as place again"}


def test_a_failed_step_ends_it_with_the_console_and_what_to_do() -> None:
    files = booted("node1", "failed-step")
    with pytest.raises(StageError) as caught:
        follow("site", ["node1"], Place())
    error = caught.value
    assert error.message.startswith("node1: first boot: step rabbitmq_start: AttributeError")
    assert error.log == files.console
    assert error.tail
    assert "./inv ssh node1 --site site, then ./inv resume node1 --site site" in error.hint
    assert "./inv down --site site" in error.hint


def line(step: str, state: str, detail: str = "") -> str:
    event = {"node": "node2", "step": step, "n": 7, "of": 9, "state": state, "detail": detail}
    return f"\r\n@firstboot {json.dumps(event | {'seconds': 1.0, 'uptime': 9.0})}\r\n"


def append(file: Path, text: str) -> None:
    with file.open("a") as console:
        console.write(text)


def test_an_old_failure_does_not_end_it_while_others_go_on() -> None:
    files = [booted(name, None) for name in ("node1", "node2")]
    append(files[0].console, line("dns", "running"))
    append(files[1].console, line("ready", "failed", "step archipelago: no vlmcd"))
    place, looks = Place(), 0

    def machine_state(site: str, node: str) -> str:
        nonlocal looks
        looks += 1
        if looks == 6:
            append(files[0].console, line("ready", "done"))
        return "running"

    place.machine_state = machine_state  # type: ignore[method-assign]
    with pytest.raises(StageError, match=r"^boot: node2: first boot: step archipelago"):
        follow("site", ["node1", "node2"], place)
    assert looks > 6
    append(files[1].console, line("dns", "running") + line("ready", "done"))
    assert follow("site", ["node1", "node2"], place).keys() == {"node1", "node2"}


def test_what_fails_again_after_a_resumption_ends_it_at_once() -> None:
    files = [booted(name, None) for name in ("node1", "node2")]
    append(files[0].console, line("dns", "running"))
    append(files[1].console, line("ready", "failed", "step archipelago: no vlmcd"))
    place = Place()

    def machine_state(site: str, node: str) -> str:
        append(files[1].console, line("dns", "done") + line("ready", "failed", "no NFS"))
        return "running"

    place.machine_state = machine_state  # type: ignore[method-assign]
    with pytest.raises(StageError, match="node2: first boot: no NFS"):
        follow("site", ["node1", "node2"], place)


def test_a_machine_that_its_installer_refused_is_helped_without_a_login() -> None:
    files = booted("node1", None)
    said = {"node": "node1", "step": "disk", "n": 3, "of": 7, "state": "refused"}
    following.append(
        files, "installer", said | {"detail": "sda is small", "seconds": 0, "uptime": 9}
    )
    with pytest.raises(StageError, match="node1: installer: sda is small") as caught:
        follow("site", ["node1"], Place())
    assert "say ./inv boot again" in caught.value.hint
    assert "ssh" not in caught.value.hint


def test_a_kernel_that_panics_points_at_the_console() -> None:
    booted("node1", "panic")
    with pytest.raises(StageError, match="node1: kernel: kernel panic: VFS") as caught:
        follow("site", ["node1"], Place())
    assert "./inv console node1" in caught.value.hint


def test_a_machine_that_ended_shows_its_last_words() -> None:
    files = booted("node1", None)
    files.log.write_text("first\nqemu: cannot allocate memory\n")
    place = Place()
    place.machine = "off"
    with pytest.raises(StageError, match="machine: its process ended: qemu: cannot allocate"):
        follow("site", ["node1"], place)


def test_ready_but_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    booted("node1", "ready")
    monkeypatch.setattr(module.login, "probe", lambda port, address, jump: "closed")
    monkeypatch.setitem(module.SILENCE_SECONDS, "ready", 0.01)
    with pytest.raises(StageError, match="node1: sshd: first boot is done, but nothing listens"):
        follow("site", ["node1"], Place())


def test_silence_has_a_limit_that_grows_with_the_hosts_slowness(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    booted("node1", None)
    monkeypatch.setitem(module.SILENCE_SECONDS, "firmware", 0.05)
    began = time.monotonic()
    with pytest.raises(StageError, match="kernel: no kernel output"):
        follow("site", ["node1"], Place())
    assert time.monotonic() - began >= 0.05 * 6


def test_a_node_that_was_never_booted() -> None:
    with pytest.raises(UserError, match=r"node1 of site site was not booted.*\./inv boot"):
        follow("site", ["node1"], Place())


def test_phases_are_remembered_for_the_time_line() -> None:
    files = booted("node1", "ready")
    follow("site", ["node1"], Place())
    marks = rundir.read(files.marks)
    assert isinstance(marks, dict)
    assert marks["ready"] == pytest.approx(100, abs=5)


def test_a_phase_between_two_looks_is_remembered_too() -> None:
    files = booted("node1", "ready")
    follow("site", ["node1"], Place())
    marks = rundir.read(files.marks)
    assert isinstance(marks, dict)
    assert {"firmware", "boot loader", "kernel", "init"} <= marks.keys()

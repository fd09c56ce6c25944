"""What is remembered of a running node, and when it is believed."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from golden import daemon, run, rundir
from golden.rundir import NodeDir, State


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    return tmp_path


def state(pid: int) -> State:
    return State(
        pid=pid,
        started=daemon.start_ticks(pid) or 0,
        boot_id=daemon.boot_id(),
        power_on=1.0,
        port=2201,
        accelerator="tcg",
        factor=6.0,
        artifact="/nowhere/disk.qcow2",
        stamp=[],
        target="qemu",
    )


def test_a_living_process_is_believed() -> None:
    files = NodeDir("site", "node1")
    files.remember(state(os.getpid()))
    assert files.running() == state(os.getpid())


@pytest.mark.parametrize("change", [{"started": 1}, {"boot_id": "the boot before"}])
def test_another_process_with_the_same_pid_is_not_ours(change: dict[str, object]) -> None:
    files = NodeDir("site", "node1")
    files.remember(dataclasses.replace(state(os.getpid()), **change))  # type: ignore[arg-type]
    assert files.running() is None
    assert files.state() is not None


def test_a_process_that_ended_is_dead_even_before_its_parent_looks() -> None:
    child = run.start(["sleep", "60"])
    known = state(child.pid)
    assert known.is_alive()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not known.is_alive()
    child.wait()
    assert not known.is_alive()


def test_a_damaged_state_is_no_state(cache: Path) -> None:
    files = NodeDir("site", "node1")
    files.path.mkdir(parents=True)
    (files.path / "state.json").write_text('{"pid": 1}')
    assert files.state() is None


def test_a_state_torn_at_any_byte_is_no_state() -> None:
    files = NodeDir("site", "node1")
    files.remember(state(os.getpid()))
    path = files.path / "state.json"
    whole = path.read_bytes().rstrip()
    for place in range(len(whole)):
        path.write_bytes(whole[:place])
        assert files.state() is None


def test_forgetting_keeps_the_disks() -> None:
    files = NodeDir("site", "node1")
    files.remember(state(os.getpid()))
    files.overlay.touch()
    files.forget()
    assert files.state() is None
    assert files.overlay.exists()
    files.remove()
    assert not files.path.exists()


def test_nodes_of_a_site_share_a_lan_that_others_do_not_have() -> None:
    assert rundir.lan("site") == rundir.lan("site")
    assert rundir.lan("site") != rundir.lan("another")
    assert rundir.lan("site").startswith("239.")


def test_others_may_not_look_at_the_nodes_disks() -> None:
    with rundir.lock("site"):
        assert rundir.site_dir("site").stat().st_mode & 0o777 == 0o700


def test_writing_replaces_as_a_whole(cache: Path) -> None:
    file = cache / "folder/data.json"
    rundir.write(file, {"a": 1})
    rundir.write(file, [2])
    assert rundir.read(file) == [2]
    assert list(file.parent.iterdir()) == [file]
    assert rundir.read(cache / "none.json") is None

"""The menu's entries: what they refuse, and what they say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from golden import daemon, paths, run, rundir
from golden.boot import running, times
from golden.boot.qemu.target import Qemu
from golden.boot.target import target
from golden.daemon import Process
from golden.errors import StageError, UserError
from golden.keys import secrets
from golden.rundir import NodeDir, State
from tests.unit.small_site import small_site

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rundir, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(paths, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(secrets, "SECRETS", tmp_path / "secrets")


def booted(node: str) -> NodeDir:
    """The node's machine is this very process."""
    files = NodeDir("small", node)
    ticks = daemon.start_ticks(os.getpid()) or 0
    files.remember(
        State(os.getpid(), ticks, daemon.boot_id(), 0.0, 2201, "tcg", 6.0, "/x", [], "qemu")
    )
    return files


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(UserError, match="there is no target 'qemo'; did you mean 'qemu'"):
        target("qemo")


def test_a_boot_that_failed_keeps_its_time_line_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(*_: object) -> dict[str, float]:
        raise StageError("boot", "n1: hostname: no such name")

    monkeypatch.setattr(running, "power_on", lambda *_: ["n1"])
    monkeypatch.setattr(running, "follow", fails)
    monkeypatch.setattr(times, "ARTIFACTS", tmp_path / "artifacts")
    with pytest.raises(StageError, match="no such name"):
        running.boot(small_site(), ("n1",), target("qemu"))
    assert times.path(small_site(), small_site().nodes[0]).read_text().strip() == "[]"


def test_an_unknown_node_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no node 'n3'"):
        running.boot(small_site(), ("n1", "n3"), target("qemu"))
    assert not (tmp_path / "cache").exists()


def test_down_of_nodes_that_are_off_is_no_error_and_the_first_goes_last(capsys: Capture) -> None:
    running.down(small_site())
    assert capsys.readouterr().out == "n2: was off\nn1: was off\n"


def test_down_with_keep_says_where_the_disks_are(capsys: Capture) -> None:
    running.down(small_site(), ("n1",), keep=True)
    assert "n1: was off; its disks are kept in " in capsys.readouterr().out


def test_cut_power_says_so_and_where_the_disks_are(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    cut: list[str] = []
    monkeypatch.setattr(Qemu, "cut", lambda self, site, node: not cut.append(node))
    running.down(small_site(), ("n1",), cut=True)
    assert cut == ["n1"]
    assert "n1: power cut; its disks are kept in " in capsys.readouterr().out


def test_state_that_lies_on_the_system_disk_cannot_be_kept_alone() -> None:
    files = NodeDir("small", "n2")
    files.path.mkdir(parents=True)
    files.kept.touch()
    files.overlay.touch()
    with pytest.raises(UserError, match=r"^--keep-state: at target qemu, n1 has no state"):
        running.down(small_site(), keep_state=True)
    assert files.overlay.exists(), "no node is touched before all were looked at"


def test_status_shows_every_node(capsys: Capture) -> None:
    files = booted("n1")
    files.console.write_text("[    0.000000] Linux version 6.1\n")
    running.show_status(small_site())
    out = capsys.readouterr().out
    assert f"running (tcg, pid {os.getpid()})" in out
    assert "kernel" in out
    assert "127.0.0.1:2201" in out
    assert any(line.split() == ["n2", "off"] for line in out.splitlines())


def test_status_tells_a_machine_that_died(capsys: Capture) -> None:
    state = State(os.getpid(), 1, "another boot", 0.0, 2201, "tcg", 6.0, "/x", [], "qemu")
    NodeDir("small", "n1").remember(state)
    running.show_status(small_site())
    assert "off; ended without ./inv down" in capsys.readouterr().out


def test_the_time_line_of_a_node_that_never_booted_is_empty() -> None:
    assert times.steps("small", "n1") == ()


def test_ssh_to_a_node_that_is_off() -> None:
    with pytest.raises(UserError, match="n2 of site small is not running"):
        running.ssh(small_site(), "n2", "true")


def test_the_console_of_a_node_that_is_off_says_where_its_last_words_are() -> None:
    with pytest.raises(UserError, match=r"n1 of site small is not running; .*\./inv boot"):
        running.console(small_site(), "n1")
    files = NodeDir("small", "n1")
    files.path.mkdir(parents=True)
    files.console.touch()
    with pytest.raises(UserError, match=r"its last console is in .*console\.log"):
        running.console(small_site(), "n1")


# ---- a copied checkout


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Process:
    """A checkout whose n1 runs, and then its `cp -a`, which this test goes on in."""
    child = run.start(["sleep", "60"])
    process = daemon.identify(child.pid)
    NodeDir("small", "n1").remember(
        State(child.pid, process.started, process.boot_id, 0.0, 2201, "tcg", 0.1, "/x", [], "qemu")
    )
    daemon.remember(rundir.site_dir("small") / ".netboot/http.json", process)
    run.run(["cp", "-a", tmp_path / "cache", tmp_path / "copy"])
    monkeypatch.setattr(rundir, "CACHE", tmp_path / "copy")
    return process


def test_down_in_a_copied_checkout_leaves_the_originals_machines(
    copied: Process, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    running.show_status(small_site())
    assert "running" not in capsys.readouterr().out
    running.down(small_site())
    assert copied.is_alive()
    monkeypatch.setattr(rundir, "CACHE", tmp_path / "cache")
    assert NodeDir("small", "n1").running()
    assert running.down(small_site()) is None
    assert not copied.is_alive()


def test_a_copied_record_of_a_server_is_not_believed(copied: Process) -> None:
    record = rundir.site_dir("small") / ".netboot/http.json"
    assert record.exists() and daemon.running(record) is None
    daemon.end(record)
    assert copied.is_alive()
    copied.end()


def test_a_checkout_that_was_moved_keeps_its_machines(
    copied: Process, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cache").rename(tmp_path / "moved")
    monkeypatch.setattr(rundir, "CACHE", tmp_path / "moved")
    assert NodeDir("small", "n1").running()
    copied.end()


def test_a_copy_has_a_lan_of_its_own(
    copied: Process, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = rundir.lan("small")
    monkeypatch.setattr(rundir, "CACHE", tmp_path / "cache")
    assert rundir.lan("small") != copy
    copied.end()

"""The menu's entries: what they refuse, and what they say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from golden import boot, definition, rundir
from golden.boot import qemu, times
from golden.errors import StageError, UserError
from golden.keys import secrets
from golden.rundir import NodeDir, State
from tests.unit.small_site import small_site

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(definition, "load", lambda name: small_site())
    monkeypatch.setattr(rundir, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(qemu, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(secrets, "SECRETS", tmp_path / "secrets")


def running(node: str) -> NodeDir:
    """The node's machine is this very process."""
    files = NodeDir("small", node)
    ticks = rundir.start_ticks(os.getpid()) or 0
    files.remember(State(os.getpid(), ticks, rundir.boot_id(), 0.0, 2201, "tcg", 6.0, "/x", []))
    return files


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(UserError, match="there is no target 'qemo'; did you mean 'qemu'"):
        boot.boot("small", (), "qemo")


def test_a_boot_that_failed_keeps_its_time_line_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(*_: object) -> dict[str, float]:
        raise StageError("boot", "n1: hostname: no such name")

    monkeypatch.setattr(boot, "power_on", lambda *_: ["n1"])
    monkeypatch.setattr(boot, "follow", fails)
    monkeypatch.setattr(times, "ARTIFACTS", tmp_path / "artifacts")
    with pytest.raises(StageError, match="no such name"):
        boot.boot("small", ("n1",))
    assert times.path(small_site(), small_site().nodes[0]).read_text().strip() == "[]"


def test_an_unknown_node_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no node 'n3'"):
        boot.boot("small", ("n1", "n3"))
    assert not (tmp_path / "cache").exists()


def test_down_of_nodes_that_are_off_is_no_error_and_the_first_goes_last(capsys: Capture) -> None:
    boot.down("small")
    assert capsys.readouterr().out == "n2: was off\nn1: was off\n"


def test_down_with_keep_says_where_the_disks_are(capsys: Capture) -> None:
    boot.down("small", ("n1",), keep=True)
    assert "n1: was off; its disks are kept in " in capsys.readouterr().out


def test_status_shows_every_node(capsys: Capture) -> None:
    files = running("n1")
    files.console.write_text("[    0.000000] Linux version 6.1\n")
    boot.show_status("small")
    out = capsys.readouterr().out
    assert f"running (tcg, pid {os.getpid()})" in out
    assert "kernel" in out
    assert "127.0.0.1:2201" in out
    assert any(line.split() == ["n2", "off"] for line in out.splitlines())


def test_status_tells_a_machine_that_died(capsys: Capture) -> None:
    state = State(os.getpid(), 1, "another boot", 0.0, 2201, "tcg", 6.0, "/x", [])
    NodeDir("small", "n1").remember(state)
    boot.show_status("small")
    assert "off; ended without ./inv down" in capsys.readouterr().out


def test_the_time_line_of_a_node_that_never_booted_is_empty() -> None:
    assert boot.timeline("small", "n1") == ()


def test_ssh_to_a_node_that_is_off() -> None:
    with pytest.raises(UserError, match="n2 of site small is not running"):
        boot.ssh("small", "n2", "true")

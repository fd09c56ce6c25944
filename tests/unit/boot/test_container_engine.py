"""Which engine is spoken to, and what it allows."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker.errors import APIError

from golden.boot.container import engine
from golden.errors import StageError, UserError


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(engine, "OWN", tmp_path / "own.sock")
    monkeypatch.setattr(engine, "SYSTEM", tmp_path / "system.sock")
    return tmp_path


def test_the_project_s_own_engine_comes_before_the_system_s(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.socket_path() == nowhere / "system.sock"
    (nowhere / "own.sock").touch()
    assert engine.socket_path() == nowhere / "own.sock"
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/other.sock")
    assert engine.socket_path() == Path("/run/other.sock")


def test_an_engine_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://builder:2375")
    with pytest.raises(UserError, match=r"DOCKER_HOST=tcp://builder:2375: .* on this machine"):
        engine.socket_path()


def test_without_an_engine_it_says_how_to_start_one() -> None:
    with pytest.raises(UserError, match=r"No such file or directory.*scripts/host/dockerd start"):
        engine.connect()


@pytest.mark.parametrize(("hard", "limit"), [("20000", 20000), ("1048576", 65536)])
def test_open_files_are_lowered_and_never_raised(
    hard: str, limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = f"Max open files            1024                 {hard}               files     \n"
    (tmp_path / "limits").write_text("Limit   Soft Limit   Hard Limit   Units\n" + line)
    assert min(engine.OPEN_FILES, engine._hard_limit(tmp_path / "limits")) == limit


def test_limits_that_may_not_be_read_are_those_of_the_system(tmp_path: Path) -> None:
    assert engine._hard_limit(tmp_path / "none") == engine.OPEN_FILES


def test_a_refusal_is_told_in_the_engine_s_words() -> None:
    with (
        pytest.raises(StageError, match="refused to start n1: no such device"),
        engine.refusals("start n1"),
    ):
        raise APIError("500", explanation="no such device")

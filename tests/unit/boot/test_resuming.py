"""Resuming first boots from the host: which nodes, what is shown, how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from golden import daemon, rundir
from golden.boot import login, resuming
from golden.errors import StageError, UserError
from golden.rundir import NodeDir, State
from tests.unit.small_site import small_site

SITE = small_site()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    monkeypatch.setattr(resuming, "POLL_SECONDS", 0.01)


def node(monkeypatch: pytest.MonkeyPatch, state: str, **scripts: str) -> None:
    """Nodes that run, whose first boot ended in `state`, and what is run to resume it."""
    me = daemon.identify(os.getpid())
    for name in scripts:
        files = NodeDir("small", name)
        files.remember(
            State(me.pid, me.started, me.boot_id, 0.0, 1, "tcg", 1.0, "/x", [], target="qemu")
        )
        event = {"node": name, "step": "ready", "n": 1, "of": 2, "state": state, "detail": ""}
        files.console.write_text(
            f"\n@firstboot {json.dumps(event | {'seconds': 1, 'uptime': 2})}\n"
        )

    def command(site: str, name: str, words: str) -> list[str]:
        assert (site, words) == ("small", "firstboot resume")
        return ["sh", "-c", scripts[name]]

    monkeypatch.setattr(login, "command", command)


def test_all_that_failed_go_on_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    meet = f"touch {tmp_path}/$0; until test -e {tmp_path}/$1; do sleep 0.01; done; "
    there = {
        name: f"set -- {other}; me={name}; " + meet.replace("$0", "$me") + "echo [2/2] ready: done"
        for name, other in (("n1", "n2"), ("n2", "n1"))
    }
    node(monkeypatch, "failed", **there)
    resuming.resume(SITE)
    out = capsys.readouterr().out
    assert "n1: [2/2] ready: done" in out and "n2: [2/2] ready: done" in out


def test_one_that_fails_again_shows_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    node(monkeypatch, "failed", n1="echo [1/2] dns: failed - no port; exit 1", n2="exit 0")
    with pytest.raises(StageError, match="n1: first boot failed again") as caught:
        resuming.resume(SITE)
    assert caught.value.code == 1 and caught.value.tail[-1] == "[1/2] dns: failed - no port"
    assert caught.value.hint.endswith("./inv resume n1 --site small")


def test_one_that_has_no_seed_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    node(monkeypatch, "failed", n1="echo Permission denied; exit 255")
    console = NodeDir("small", "n1").console
    console.write_text(console.read_text().replace('"of": 2', '"of": 0'))
    with pytest.raises(StageError, match="n1: nobody can log in") as caught:
        resuming.resume(SITE)
    assert caught.value.tail[-1] == "Permission denied"
    assert caught.value.hint.endswith(
        "./inv down --cut --node n1 --site small, then ./inv boot --site small"
    )


def test_only_failed_ones_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    node(monkeypatch, "done", n1="exit 0")
    with pytest.raises(UserError, match="no node of site small that runs has a failed first boot"):
        resuming.resume(SITE)
    resuming.resume(SITE, ("n1",))
    assert (NodeDir("small", "n1").path / "resume.log").exists()


def test_a_node_that_is_off() -> None:
    with pytest.raises(UserError, match=r"n1 of site small is not running; boot it"):
        resuming.resume(SITE, ("n1",))

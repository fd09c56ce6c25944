"""The first boot of a machine without a console, from its status file."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from golden import daemon, rundir
from golden.boot import status
from golden.boot.events import events
from golden.boot.metal import following

KERNEL = 300.0


def told(**changes: Any) -> dict[str, Any]:
    """A status file after two of four steps, 60 s after the kernel, 20 s into first boot."""
    steps = [
        {"name": "hostname", "state": "done", "detail": "", "seconds": 1.5},
        {"name": "network", "state": "skipped", "detail": "", "seconds": 2.5},
    ]
    return {
        "state": "running",
        "of": 4,
        "n": 3,
        "step": "web",
        "detail": "waits for node1",
        "steps": steps,
        "seconds": 20.0,
        "uptime": 60.0,
    } | changes


def console(data: dict[str, Any]) -> str:
    lines = following.lines("n1", data, KERNEL)
    return "".join(f"\r\n@firstboot {json.dumps(line)}\r\n" for line in lines)


def test_the_lines_are_those_of_a_console() -> None:
    said = events(console(told()))
    assert [(one.step, one.state, one.n) for one in said] == [
        ("hostname", "done", 1),
        ("network", "skipped", 2),
        ("web", "waiting", 3),
    ]
    assert str(status.status(console(told()))) == "waits, step 3 of 4, web: waits for node1"


def test_times_count_from_power_on() -> None:
    first, second = status.timeline(console(told()))
    assert (first.began, second.began) == (340.0, 341.5)


def test_the_end() -> None:
    text = console(told(state="ready", detail="all steps done"))
    assert status.status(text).phase == "ready"
    failed = status.status(console(told(state="failed", detail="web: no answer")))
    assert failed.trouble == ("first boot", "web: no answer")


def installer(step: str, state: str, detail: str = "") -> str:
    line = {"node": "n1", "step": step, "n": 1, "of": 7, "state": state, "detail": detail}
    return f"\r\n@installer {json.dumps(line | {'seconds': 1.0, 'uptime': 9.0})}\r\n"


def test_the_installer_comes_first() -> None:
    text = installer("power", "waiting", "switch on the machine")
    assert status.status(text).phase == "power"
    assert str(status.status(text)) == "switch on the machine"
    text += installer("image", "running", "45 % written")
    assert str(status.status(text)) == "installing, image: 45 % written"
    assert status.status(text + console(told())).phase == "first boot"


def test_a_refusal_is_the_end_and_a_failure_is_not() -> None:
    refused = installer("disk", "refused", "sda is too small")
    assert status.status(refused).trouble == ("installer", "sda is too small")
    assert status.status(installer("image", "failed", "no answer")).trouble is None


def test_silence_after_the_installer_is_told() -> None:
    text = installer("installed", "done", "n1 is on sda")
    found = status.diagnose(text, status.Probe(), silent=700)
    assert found is not None
    assert found[0] == "installer"


def test_a_wait_is_told_again_and_nothing_else_is() -> None:
    news = following.News()
    found = following.lines("n1", told(), KERNEL)
    assert len(news.due(found, 0.0)) == 3
    assert news.due(found, 14.0) == []
    assert [line["step"] for line in news.due(found, 15.0)] == ["web"]
    assert news.due(found, 29.0) == []


def test_the_node_is_asked_until_it_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against an ssh that refuses twice, as a node does that still starts."""
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    monkeypatch.setattr(following, "POLL_SECONDS", 0.01)
    ready = json.dumps(told(state="ready", detail="all steps done"))
    (tmp_path / "bin").mkdir()
    ssh = tmp_path / "bin/ssh"
    ssh.write_text(
        f"#!/bin/sh\necho x >> {tmp_path}/asked\n"
        f"[ $(wc -l < {tmp_path}/asked) -gt 2 ] || {{ echo refused; exit 255; }}\n"
        f"echo '{ready}'\n"
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    files = rundir.NodeDir("small", "n1")
    files.remember(
        rundir.State(
            pid=os.getpid(),
            started=daemon.start_ticks(os.getpid()) or 0,
            boot_id=daemon.boot_id(),
            power_on=time.time() - 100,
            port=22,
            accelerator="machine",
            factor=1,
            artifact="",
            stamp=[],
            target="metal",
        )
    )
    following.follow("small", "n1", lambda: False)
    assert not files.console.exists()
    (tmp_path / "asked").unlink()
    following.follow("small", "n1", lambda: True)
    text = files.console.read_text()
    assert status.status(text).phase == "ready"
    # The kernel began 60 s ago, and power-on was 40 s before that.
    assert status.timeline(text)[0].began == pytest.approx(80, abs=2)
    assert (tmp_path / "asked").read_text().count("x") == 3

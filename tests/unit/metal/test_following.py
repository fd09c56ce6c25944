"""The first boot of a machine without a console, from its status file."""

from __future__ import annotations

import json
from typing import Any

from golden import status
from golden.metal import following

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
    events = status.events(console(told()))
    assert [(one.step, one.state, one.n) for one in events] == [
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
    assert len(news.of(found, 0.0)) == 3
    assert news.of(found, 14.0) == []
    assert [line["step"] for line in news.of(found, 15.0)] == ["web"]
    assert news.of(found, 29.0) == []

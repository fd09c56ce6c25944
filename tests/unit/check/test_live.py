"""A node is asked only for what somebody looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from golden.check.collect import CLOCK, SCRIPTS, Live
from golden.check.connection import Connection
from golden.definition import load

COMMANDS = [{"label": "network-list", "for": ""}, {"label": "inspect", "for": "network-list"}]
REQUEST = {"commands": COMMANDS, "steps": ["dns", "web"], "effective": ["apache"]}


class Recorder:
    """Answers any script, and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Sequence[str], Mapping[str, Any]]] = []

    def ask(
        self, node: str, python: str, asked: Sequence[str], request: Mapping[str, Any], seconds: int
    ) -> dict[str, Any]:
        self.asked.append((list(asked), request))
        parts = [*request["steps"], *request["effective"]]
        parts += [one["label"] for one in request["commands"]]
        return {script: dict.fromkeys(parts, script) for script in asked}

    def clock_offset(self, node: str) -> tuple[float, float]:
        return 0.5, 0.1


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def live(recorder: Recorder) -> Live:
    site = load("rehearsal")
    return Live(cast(Connection, recorder), site, site.nodes[0], REQUEST)


def test_one_login_brings_all_scripts(live: Live, recorder: Recorder) -> None:
    live.ask(*SCRIPTS)
    assert [live[name] for name in ("system", "cloud")]
    assert [scripts for scripts, _ in recorder.asked] == [list(SCRIPTS)]


def test_a_script_is_asked_once_when_it_is_wanted(live: Live, recorder: Recorder) -> None:
    assert live[CLOCK] == [0.5, 0.1]
    assert live["system"] is live["system"]
    assert [scripts for scripts, _ in recorder.asked] == [["system"]]


def test_a_step_is_asked_alone(live: Live, recorder: Recorder) -> None:
    assert live["done"]["web"] == "done"
    assert [request["steps"] for _, request in recorder.asked] == [["web"]]


def test_a_command_is_asked_with_the_list_that_it_is_about(live: Live, recorder: Recorder) -> None:
    assert live["cloud"]["inspect"] == "cloud"
    assert [request["commands"] for _, request in recorder.asked] == [COMMANDS]

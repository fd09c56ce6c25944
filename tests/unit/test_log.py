"""golden.log: what a person sees when the output is not a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from golden import log


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """The console as a pipe 200 columns wide."""
    out = io.StringIO()
    monkeypatch.setattr(log, "_console", Console(file=out, width=200, highlight=False))
    return out


def test_each_change_of_a_task_is_one_plain_line(screen: io.StringIO) -> None:
    with log.progress() as progress:
        task = progress.task("base", expected=30)
        task.say("unpacking")
        task.say("unpacking")
        task.done("1.2 GB")
    lines = screen.getvalue().splitlines()
    assert lines == [
        "... base: unpacking (0 s of about 30 s)",
        "ok  base: 1.2 GB (0 s)",
    ]


def test_failed_task_is_named_as_such(screen: io.StringIO) -> None:
    with log.progress() as progress:
        progress.task("node1.site").fail("hygiene.sh")
    assert screen.getvalue() == "FAILED node1.site: hygiene.sh (0 s)\n"


def test_heartbeat_names_what_still_runs(
    screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "HEARTBEAT_SECONDS", 0.01)
    with log.progress() as progress:
        progress.task("finished").done()
        running = progress.task("slow one")
        while "slow one" not in screen.getvalue():
            pass
        running.done()
    assert screen.getvalue().count("finished") == 1


def test_text_that_looks_like_markup_is_printed_as_it_is(screen: io.StringIO) -> None:
    log.info("list [bold]x[/bold] [0]")
    assert screen.getvalue() == "list [bold]x[/bold] [0]\n"


def test_detail_needs_verbose(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_verbose", False)
    log.detail("hidden")
    log.set_verbose(True)
    log.detail("shown")
    assert screen.getvalue() == "shown\n"

"""golden.log: what a person sees when the output is not a terminal."""

from __future__ import annotations

import fcntl
import io
import os
import re
import struct
import sys
import termios
import threading

import pytest
from rich.console import Console

from golden import log, run
from golden.paths import ROOT
from tests.waiting import heard


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """The console as a pipe 200 columns wide."""
    out = io.StringIO()
    monkeypatch.setattr(log, "_console", Console(file=out, width=200, highlight=False))
    return out


def test_a_finished_task_is_one_plain_line(screen: io.StringIO) -> None:
    with log.progress() as progress:
        task = progress.task("base", expected=30)
        task.say("unpacking")
        task.say("unpacking")
        task.done("1.2 GB")
    lines = screen.getvalue().splitlines()
    assert lines == [
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


def test_a_task_that_counts_prints_no_line_for_each_step(screen: io.StringIO) -> None:
    with log.progress() as progress:
        task = progress.task("disk")
        for permille in range(1000):
            task.say(f"writing {permille / 10} %")
        task.done("written")
    assert screen.getvalue() == "ok  disk: written (0 s)\n"


def test_what_waits_prints_nothing_until_it_begins(screen: io.StringIO) -> None:
    with log.progress() as progress:
        task = progress.task("base", needs=["packages"])
        task.begin()
        task.done()
    assert screen.getvalue() == "ok  base:  (0 s)\n"


@pytest.mark.parametrize("width", [60, 100])
def test_a_screen_has_a_row_for_each_task(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    narrow = Console(file=out, width=width, highlight=False, soft_wrap=True, force_terminal=True)
    monkeypatch.setattr(log, "_console", narrow)
    with log.progress() as progress:
        packages = progress.task("packages")
        progress.task("node1.synnefo", 30, needs=["packages", "base"])
        progress.task("node2", 200).say(f"waits, step 21 of 25, [b]: {'node1 is not there ' * 9}")
        progress.task("base").done()
        rows = [ESCAPE.sub("", line).rstrip() for line in drawn(progress, width)]
        packages.done("a pool")
    assert rows[0].startswith("…  packages") and rows[3].startswith("✓  base")
    assert rows[1].startswith("·  node1.synnefo") and rows[1].endswith("waits for packages")
    assert "0 of 200 s" in rows[2] and "waits, step 21" in rows[2] and rows[2].endswith("…")
    assert len(rows) == 4 and max(map(len, rows)) <= width
    assert [task.state for task in log.tasks()] == ["done", "waiting", "running", "done"]


class Screen:
    """Stands for rich's Live, which holds a lock of its own while it draws."""

    def __init__(self) -> None:
        self.lock, self.waited_for = threading.Lock(), threading.Event()

    def refresh(self) -> None:
        self.waited_for.set()
        with self.lock:
            pass


def test_a_change_and_the_screen_never_wait_for_each_other() -> None:
    progress, screen = log.Progress(), Screen()
    progress._live = screen  # type: ignore[assignment]
    speaker = threading.Thread(target=progress.task("base").say, args=["new"], daemon=True)
    drawing = threading.Thread(target=progress.tasks, daemon=True)
    with screen.lock:
        speaker.start()
        assert screen.waited_for.wait(10)
        drawing.start()
        drawing.join(10)
        assert not drawing.is_alive()
    speaker.join(10)
    assert not speaker.is_alive()


ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def drawn(progress: log.Progress, width: int) -> list[str]:
    """The lines of the display now, in colors."""
    out = io.StringIO()
    Console(file=out, width=width, soft_wrap=True, force_terminal=True).print(progress)
    return out.getvalue().splitlines()


RESIZED = """
import time
from golden import log
with log.progress() as progress:
    progress.task("node1", 30).say("step 3 of 46, " + "network " * 30)
    time.sleep(20)
"""


def test_a_resized_terminal_is_drawn_anew_and_no_line_is_broken() -> None:
    # xdist gives its workers COLUMNS, which rich takes for the width.
    env = {"TERM": "xterm", "COLUMNS": ""}
    child, terminal = run.on_terminal([sys.executable, "-c", RESIZED], env=env)
    try:
        resize(terminal, 100)
        assert b"step 3" in heard(terminal, b"network")
        resize(terminal, 60)
        drawn = heard(terminal, b"\x1b[2J") + heard(terminal, b"network", times=2)
    finally:
        run.end(child)
        os.close(terminal)
    lines = ESCAPE.sub("", drawn.decode().partition("\x1b[2J")[2]).replace("\r", "\n").splitlines()
    assert max(map(len, lines)) <= 60


def resize(terminal: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))


ID = "a52f" * 20


def test_a_narrow_terminal_cuts_no_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    narrow = Console(file=out, width=60, highlight=False, soft_wrap=True, force_terminal=True)
    monkeypatch.setattr(log, "_console", narrow)
    log.table(("release", "stage"), [(ID, "current"), ("[b]", "previous")])
    assert f"{ID}  current" in out.getvalue() and "[b]" in out.getvalue()


def test_a_pipe_gets_rows_by_tabs(screen: io.StringIO) -> None:
    log.table(("release", "stage"), [(ID, "current")], title="Releases")
    assert screen.getvalue() == f"Releases\nrelease\tstage\n{ID}\tcurrent\n"


@pytest.mark.parametrize("encoding", ["iso-8859-1", "ascii"])
def test_a_terminal_without_the_characters_is_no_error(encoding: str) -> None:
    program = (
        "from golden import log; log.accept_any_stream(); log.info('Zoë → ✓'); log.raw('→'); "
        "log.table(['ü'], [['→']]); log.warn('✗')"
    )
    words = [sys.executable, "-c", program]
    said = run.run(words, cwd=ROOT, env={"PYTHONIOENCODING": encoding}, apart=True)
    assert said.code == 0 and said.err.startswith("warning: ?")
    assert "→\n" in said.out and said.out.endswith("\n?\n")


EVIL = "a\x1b[2J\x1b]0;title\x07b\x9b31mc\r\x7fd"


@pytest.mark.parametrize("say", ["info", "warn", "error", "table", "title", "task"])
def test_nothing_that_a_terminal_obeys_is_printed(
    say: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if say == "table":
        log.table(["what"], [[EVIL]])
    elif say == "title":
        log.table(["what"], [["x"]], title=EVIL)
    elif say == "task":
        with log.progress() as progress:
            progress.task("node1").done(EVIL)
    else:
        getattr(log, say)(EVIL)
    shown = "".join(capsys.readouterr())
    assert "title" in shown
    assert not set(shown) & set("\x1b\x07\x9b\r\x7f")

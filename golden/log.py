"""The one module that prints: messages, tables, JSON, and the progress of long work.

On a terminal, running tasks are a live block. Elsewhere (CI, a pipe) each finished task is a line,
and every HEARTBEAT_SECONDS each running one.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Literal

from rich.console import Console, ConsoleOptions, RenderResult
from rich.control import Control
from rich.live import Live
from rich.markup import escape as escape_markup
from rich.progress_bar import ProgressBar
from rich.table import Table

HEARTBEAT_SECONDS = 15.0
State = Literal["waiting", "running", "done", "failed"]
_MARKS: Mapping[State, str] = {
    "waiting": "[dim]·[/dim]",
    "running": "[cyan]…[/cyan]",
    "done": "[green]✓[/green]",
    "failed": "[red]✗[/red]",
}
_WORDS: Mapping[State, str] = {
    "waiting": "   ",
    "running": "...",
    "done": "ok ",
    "failed": "FAILED",
}
# A bar has room on a screen of so many columns.
_WIDE = 80
_BAR = 12

# All of C0 and C1 but tab and new line (ECMA-48).
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_console = Console(highlight=False, soft_wrap=True)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)
_verbose = False
_shown: list[Progress] = []


def accept_any_stream() -> None:
    """Cope with a stdout that lacks characters (an ISO-8859-1 terminal) or is closed (`| head`)."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, BrokenPipeError):
            sys.__excepthook__(kind, error, trace)
            return
        # Python flushes once more at its end: signal(3) of its documentation, "Note on SIGPIPE".
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    sys.excepthook = hook
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def printable(text: str) -> str:
    """`text` with a visible sign for each control character.

    A console, a server's answer or a file's name may hold any: they must not clear the operator's
    screen, rename its window or type for them.
    """
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def escape(text: str) -> str:
    """`text` for rich, printable and without its markup."""
    return escape_markup(printable(text))


def set_verbose(on: bool) -> None:
    """Show `detail` lines too."""
    global _verbose
    _verbose = on


def info(text: str) -> None:
    """Print a line the user wants to read."""
    _console.print(escape(text))


def detail(text: str) -> None:
    """Print a line with --verbose only."""
    if _verbose:
        _console.print(f"[dim]{escape(text)}[/dim]")


def warn(text: str) -> None:
    """Report a problem that does not stop the work."""
    _errors.print(f"[yellow]warning:[/yellow] {escape(text)}")


def error(text: str) -> None:
    """Print the last line of a run that failed."""
    _errors.print(f"[bold red]error:[/bold red] {escape(text)}")


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Print `rows` of cells under `headers`, no cell cut: in columns, or in a pipe by tabs."""
    if title:
        info(title)
    lines = [headers, *rows]
    if not _console.is_terminal:
        _console.file.writelines(printable("\t".join(line)) + "\n" for line in lines)
        return
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        _console.print(escape(cells.rstrip()), style="bold" if line is headers else None)


def raw(text: str) -> None:
    """Print what another program reads (JSON, an ssh configuration): in UTF-8, not wrapped."""
    _console.file.flush()
    text = text if text.endswith("\n") else text + "\n"
    if isinstance(_console.file, io.TextIOWrapper):
        _console.file.buffer.write(text.encode())
    else:
        _console.file.write(text)
    _console.file.flush()


class Task:
    """One line of a progress display; `Progress.task` makes it."""

    def __init__(
        self, progress: Progress, name: str, expected: float | None, needs: Sequence[str]
    ) -> None:
        self._progress = progress
        self.name = name
        self.expected = expected
        self.needs = needs
        self.began = time.monotonic()
        self.text = ""
        self.state: State = "waiting" if needs else "running"
        self.seconds = 0.0

    def begin(self) -> None:
        """What it waited for is there: its time begins."""
        self.began = time.monotonic()
        self.state = "running"
        self._progress.changed(self)

    def say(self, text: str) -> None:
        """Set what the task does now."""
        if text != self.text:
            self.text = text
            self._progress.changed(self)

    def done(self, text: str = "") -> None:
        """Report success; `text` replaces what the task did last."""
        self._end("done", text)

    def fail(self, text: str = "") -> None:
        """Report failure."""
        self._end("failed", text)

    def elapsed(self) -> float:
        """Seconds since the task began, until it ended."""
        return time.monotonic() - self.began if self.state == "running" else self.seconds

    def _end(self, state: State, text: str) -> None:
        self.seconds = time.monotonic() - self.began
        self.text = text or self.text
        self.state = state
        self._progress.changed(self)

    def clock(self) -> str:
        """Elapsed and, if known, expected time: `12 s of about 30 s`."""
        running = self.state == "running"
        expected = f" of about {self.expected:.0f} s" if self.expected and running else ""
        return f"{self.elapsed():.0f} s{expected}"

    def time(self) -> str:
        """The same as the screen has it: `12 of 30 s`."""
        running = self.state == "running"
        expected = f" of {self.expected:.0f}" if self.expected and running else ""
        return "" if self.state == "waiting" else f"{self.elapsed():.0f}{expected} s"

    def doing(self) -> str:
        """What it does, or what it waits for still."""
        if self.state != "waiting":
            return self.text
        done = {task.name for task in self._progress.tasks() if task.state == "done"}
        return f"waits for {', '.join(name for name in self.needs if name not in done)}"

    def __str__(self) -> str:
        return f"{_WORDS[self.state]} {self.name}: {self.text} ({self.clock()})"


class Progress:
    """The running tasks; thread-safe. Made by `progress()`."""

    def __init__(self) -> None:
        self._tasks: list[Task] = []
        self._lock = threading.RLock()
        self._live: Live | None = None
        self._width = _console.width
        self._stop = threading.Event()

    def task(self, name: str, expected: float | None = None, *, needs: Sequence[str] = ()) -> Task:
        """Start a task; `expected` seconds come from earlier runs. One that `needs` others, by
        name, waits until it is told to `begin`."""
        task = Task(self, name, expected, needs)
        with self._lock:
            self._tasks.append(task)
        return task

    def changed(self, task: Task) -> None:
        """Show the task's new state."""
        # Without our lock: rich holds its own while it draws, and asks for the tasks then.
        if _verbose or (self._live is None and task.state in ("done", "failed")):
            info(str(task))
        if self._live is not None:
            self._live.refresh()

    def tasks(self) -> list[Task]:
        """Every task, in the order in which they were made."""
        with self._lock:
            return list(self._tasks)

    def _screen(self) -> Progress:
        """This, on a clean screen where its width is another: the terminal has broken the lines
        that are there, and rich would count them wrong."""
        width, self._width = self._width, _console.width
        if width != self._width:
            _console.control(Control.home(), Control.clear())
        return self

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        # rich asks again at every refresh, so that the clocks of silent tasks move too, and the
        # lines are as long as the screen is wide now.
        grid = Table(box=None, show_header=False, pad_edge=False, expand=True)
        wide = options.max_width >= _WIDE
        for _column in range(4 if wide else 3):
            grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for task in self.tasks():
            bar = [_bar(task)] if wide else []
            name, text = escape(task.name), escape(task.doing())
            grid.add_row(_MARKS[task.state], name, task.time(), *bar, text)
        yield grid

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            for task in self.tasks():
                if task.state == "running":
                    info(str(task))

    @contextlib.contextmanager
    def shown(self) -> Iterator[Progress]:
        """Display the tasks while the block runs."""
        _shown.append(self)
        if _console.is_terminal:
            with Live(
                console=_console, refresh_per_second=4, get_renderable=self._screen
            ) as self._live:
                yield self
            return
        beat = threading.Thread(target=self._beat, daemon=True)
        beat.start()
        try:
            yield self
        finally:
            self._stop.set()
            beat.join()


def progress() -> contextlib.AbstractContextManager[Progress]:
    """Show long work while it runs: `with progress() as p: task = p.task("base")`."""
    return Progress().shown()


def tasks() -> list[Task]:
    """Those of the latest long work of this process."""
    return _shown[-1].tasks() if _shown else []


def _bar(task: Task) -> ProgressBar:
    """Elapsed against expected; full at the end, and moving where nothing is expected."""
    if task.state == "done":
        return ProgressBar(1, 1, width=_BAR)
    return ProgressBar(task.expected, task.elapsed(), width=_BAR)

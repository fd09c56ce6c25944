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
from collections.abc import Iterator, Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.markup import escape as escape_markup
from rich.table import Table

HEARTBEAT_SECONDS = 15.0
_MARKS = {"": "[cyan]…[/cyan]", "done": "[green]✓[/green]", "failed": "[red]✗[/red]"}
_WORDS = {"": "...", "done": "ok ", "failed": "FAILED"}

# All of C0 and C1 but tab and new line (ECMA-48).
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_console = Console(highlight=False, soft_wrap=True)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)
_verbose = False


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

    def __init__(self, progress: Progress, name: str, expected: float | None) -> None:
        self._progress = progress
        self.name = name
        self.expected = expected
        self.began = time.monotonic()
        self.text = ""
        self.state = ""
        self.seconds = 0.0

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
        return self.seconds if self.state else time.monotonic() - self.began

    def _end(self, state: str, text: str) -> None:
        self.seconds = time.monotonic() - self.began
        self.text = text or self.text
        self.state = state
        self._progress.changed(self)

    def clock(self) -> str:
        """Elapsed and, if known, expected time: `12 s of about 30 s`."""
        expected = f" of about {self.expected:.0f} s" if self.expected and not self.state else ""
        return f"{self.elapsed():.0f} s{expected}"

    def __str__(self) -> str:
        return f"{_WORDS[self.state]} {self.name}: {self.text} ({self.clock()})"


class Progress:
    """The running tasks; thread-safe. Made by `progress()`."""

    def __init__(self) -> None:
        self._tasks: list[Task] = []
        self._lock = threading.RLock()
        self._live: Live | None = None
        self._stop = threading.Event()

    def task(self, name: str, expected: float | None = None) -> Task:
        """Start a task; `expected` seconds come from earlier runs."""
        task = Task(self, name, expected)
        with self._lock:
            self._tasks.append(task)
        return task

    def changed(self, task: Task) -> None:
        """Show the task's new state."""
        with self._lock:
            if _verbose or (self._live is None and task.state):
                info(str(task))
            if self._live is not None:
                self._live.refresh()

    def __rich__(self) -> Table:
        # rich asks again at every refresh, so that the clocks of silent tasks move too.
        grid = Table(box=None, show_header=False, pad_edge=False)
        for task in self._tasks:
            cells = (task.name, task.clock(), task.text)
            grid.add_row(_MARKS[task.state], *map(escape, cells))
        return grid

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            with self._lock:
                for task in self._tasks:
                    if not task.state:
                        info(str(task))

    @contextlib.contextmanager
    def shown(self) -> Iterator[Progress]:
        """Display the tasks while the block runs."""
        if _console.is_terminal:
            with Live(self, console=_console, refresh_per_second=4) as self._live:
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

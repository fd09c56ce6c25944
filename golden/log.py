"""The one module that prints: plain messages, tables, and the live progress of long work.

On a terminal the running tasks are a live block; otherwise (CI, a pipe) each change is one line
with its elapsed time, and a heartbeat line tells that nothing hangs.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

HEARTBEAT_SECONDS = 20.0

_console = Console(highlight=False, soft_wrap=True)
_errors = Console(stderr=True, highlight=False, soft_wrap=True)
_verbose = False


def end_quietly_when_unread() -> None:
    """Let a closed pipe, as of `inv plan | head`, end the program without a traceback."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, BrokenPipeError):
            sys.__excepthook__(kind, error, trace)
            return
        # Python flushes once more at its end: signal(3) of its documentation, "Note on SIGPIPE".
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    sys.excepthook = hook


def set_verbose(on: bool) -> None:
    """Show `detail` lines too."""
    global _verbose
    _verbose = on


def info(text: str) -> None:
    """A line the user wants to read."""
    _console.print(escape(text))


def detail(text: str) -> None:
    """A line that is read only with --verbose."""
    if _verbose:
        _console.print(f"[dim]{escape(text)}[/dim]")


def warn(text: str) -> None:
    """Something is not as it should be, and the work goes on."""
    _errors.print(f"[yellow]warning:[/yellow] {escape(text)}")


def error(text: str) -> None:
    """The last word of a run that failed."""
    _errors.print(f"[bold red]error:[/bold red] {escape(text)}")


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Print `rows` of cells under `headers`."""
    grid = Table(*headers, title=title or None, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        grid.add_row(*[escape(cell) for cell in row])
    _console.print(grid)


def raw(text: str) -> None:
    """Output another program will read (JSON, an ssh config): no wrapping, no colour."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


class Task:
    """One line of a progress display; made by `Progress.task`."""

    def __init__(self, progress: Progress, name: str, expected: float | None) -> None:
        self._progress = progress
        self.name = name
        self.expected = expected
        self.began = time.monotonic()
        self.text = ""
        self.ended: str | None = None
        self.seconds = 0.0

    def say(self, text: str) -> None:
        """What the task does now. Repeating the same text prints nothing."""
        if text != self.text:
            self.text = text
            self._progress.changed(self)

    def done(self, text: str = "") -> None:
        """The task succeeded; `text` replaces what it did last."""
        self._end("done", text)

    def fail(self, text: str = "") -> None:
        """The task failed."""
        self._end("failed", text)

    def elapsed(self) -> float:
        """Seconds since the task began, frozen when it ended."""
        return self.seconds if self.ended else time.monotonic() - self.began

    def _end(self, how: str, text: str) -> None:
        self.seconds = time.monotonic() - self.began
        self.text = text or self.text
        self.ended = how
        self._progress.changed(self)

    def clock(self) -> str:
        """Elapsed and, when known, expected time: `12 s of about 30 s`."""
        spent = f"{self.elapsed():.0f} s"
        if self.expected and not self.ended:
            return f"{spent} of about {self.expected:.0f} s"
        return spent


class Progress:
    """The tasks that run now; thread-safe. Use through `progress()`."""

    def __init__(self) -> None:
        self._tasks: list[Task] = []
        self._lock = threading.RLock()
        self._live: Live | None = None
        self._stop = threading.Event()

    def task(self, name: str, expected: float | None = None) -> Task:
        """A new running task; `expected` seconds come from earlier runs."""
        task = Task(self, name, expected)
        with self._lock:
            self._tasks.append(task)
        return task

    def changed(self, task: Task) -> None:
        """Show the task's new state."""
        with self._lock:
            if self._live is None or _verbose:
                _console.print(escape(_plain(task)))
            if self._live is not None:
                self._live.update(self._block())

    def __rich__(self) -> Table:
        # rich asks again at every refresh, so that the clocks of silent tasks move too.
        return self._block()

    def _block(self) -> Table:
        grid = Table(box=None, show_header=False, pad_edge=False)
        for task in self._tasks:
            mark = {None: "[cyan]…[/cyan]", "done": "[green]✓[/green]"}.get(
                task.ended, "[red]✗[/red]"
            )
            grid.add_row(mark, escape(task.name), escape(task.clock()), escape(task.text))
        return grid

    def heartbeat(self) -> None:
        """Until stopped, name what still runs every HEARTBEAT_SECONDS."""
        while not self._stop.wait(HEARTBEAT_SECONDS):
            with self._lock:
                running = [task for task in self._tasks if task.ended is None]
                for task in running:
                    _console.print(escape(_plain(task)))

    @contextlib.contextmanager
    def shown(self) -> Iterator[Progress]:
        """Display the tasks while the block runs."""
        if _console.is_terminal:
            with Live(self, console=_console, refresh_per_second=4) as live:
                self._live = live
                yield self
            return
        beat = threading.Thread(target=self.heartbeat, daemon=True)
        beat.start()
        try:
            yield self
        finally:
            self._stop.set()
            beat.join()


@contextlib.contextmanager
def progress() -> Iterator[Progress]:
    """Show long work while it runs: `with progress() as p: task = p.task("base")`."""
    with Progress().shown() as shown:
        yield shown


def _plain(task: Task) -> str:
    mark = {None: "...", "done": "ok ", "failed": "FAILED"}[task.ended]
    return f"{mark} {task.name}: {task.text} ({task.clock()})"

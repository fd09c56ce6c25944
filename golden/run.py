"""The one module that starts processes.

Every child gets a process group of its own: a failure, a timeout or Ctrl-C ends the child and its
descendants, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from golden.errors import StageError

TAIL_LINES = 12
GRACE_SECONDS = 5.0
WATCH_SECONDS = 1.0
# The shell ends its group when its parent is gone, however. A program that changes its user, as apt
# does, would lose that signal (prctl(2), PR_SET_PDEATHSIG).
_TIED = (
    *("setpriv", "--pdeathsig", "TERM"),
    *("sh", "-c", 'trap "kill -KILL 0" TERM; "$@" & wait $!', "sh"),
)

Argv = Sequence[str | os.PathLike[str]]
Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Result:
    """A finished command: exit `code`, `out`, `seconds` of wall time.

    `out` is stdout and stderr as they came; where they were kept `apart`, stdout, and `err` stderr.
    """

    code: int
    out: str
    seconds: float
    err: str = ""


def which(name: str) -> Path | None:
    """The program's path, looking in the sbin folders too: a normal user's PATH lacks them."""
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def run(
    argv: Argv,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | bytes | None = None,
    log: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    timeout: float | None = None,
    watch: Callable[[], str] | None = None,
    check: bool = True,
    stage: str = "",
    pass_fds: Sequence[int] = (),
    tied: bool = False,
    apart: bool = False,
) -> Result:
    """Run `argv` to its end and return its output; `apart` where that is parsed, as a warning on
    stderr is no data.

    `env` is added to this process's environment. Output goes line by line to `on_line`, and to the
    file `log`. A `tied` program, which gets no `stdin`, ends with this process, also a killed one.
    `watch` is asked every second, in a thread of its own, why the program must end; "" lets it run.
    Raises StageError when it is missing, outlives `timeout` seconds, must end or, `check`ed, exits
    non-zero.
    """
    words = [os.fspath(word) for word in argv]
    began = time.monotonic()
    with _logged(log, words) as sink:
        begun = [*_TIED, *words] if tied else words
        feed = stdin is not None
        child = _start(begun, cwd, env, subprocess.PIPE, stage, pass_fds, feed, apart=apart)
        with _Guard(child, timeout, watch) as guard:
            out, err = _collect(child, stdin, sink, on_line)
            code = child.wait()
    if guard.why or (check and code != 0):
        message, exit_code = (guard.why, None) if guard.why else ("command failed", code)
        tail = _tail(out + err)
        raise StageError(stage, message, command=words, code=exit_code, tail=tail, log=log)
    return Result(code, out, time.monotonic() - began, err)


def start(
    argv: Argv,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    stage: str = "",
    pass_fds: Sequence[int] = (),
) -> Process:
    """Start `argv` in the background, its output appended to `log`; stop it with `end`.

    Raises StageError when the program is missing.
    """
    words = [os.fspath(word) for word in argv]
    if log is None:
        return _start(words, cwd, env, subprocess.DEVNULL, stage, pass_fds, False)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        return _start(words, cwd, env, sink, stage, pass_fds, False)


def on_terminal(argv: Argv, *, env: Mapping[str, str] | None = None) -> tuple[Process, int]:
    """Start `argv` on a terminal of its own; also returns the other end of that terminal.

    For programs that talk to nothing else. Raises StageError when the program is missing.
    """
    ours, theirs = os.openpty()
    words = [os.fspath(word) for word in argv]
    try:
        return _start(words, None, env, theirs, "", (), False, stdin=theirs), ours
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)


def interactive(argv: Argv, *, cwd: Path | None = None) -> int:
    """Run `argv` on the user's own terminal and return its exit code."""
    return subprocess.call([os.fspath(word) for word in argv], cwd=cwd)


def end_with_children() -> None:
    """Let SIGTERM and SIGHUP end this process as Ctrl-C does, with what `run` waits for.

    A session of ssh that breaks sends SIGHUP; under nohup it stays ignored.
    """

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, leave)


def end(child: subprocess.Popen[bytes], grace: float = GRACE_SECONDS) -> None:
    """Stop the child's process group: SIGTERM, then SIGKILL for what is left after `grace` s."""
    _signal_group(child.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(grace)
    _signal_group(child.pid, signal.SIGKILL)
    child.wait()


class _Guard(threading.Thread):
    """Kills the child on timeout or when `watch` gives a reason, which becomes `why`; an exception
    inside the block kills it too."""

    def __init__(
        self, child: Process, timeout: float | None, watch: Callable[[], str] | None
    ) -> None:
        super().__init__(daemon=True)
        self.why = ""
        self._child, self._timeout, self._watch = child, timeout, watch
        self._ended = threading.Event()

    def __enter__(self) -> _Guard:
        if self._timeout is not None or self._watch:
            self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._ended.set()
        if kind:
            # Also Ctrl-C: the group must not outlive us.
            end(self._child)

    def run(self) -> None:
        began = time.monotonic()
        while not self._ended.wait(self._pause(time.monotonic() - began)):
            if self._timeout is not None and time.monotonic() - began >= self._timeout:
                self.why = f"no end after {self._timeout:.0f} s"
            elif self._watch:
                self.why = self._watch()
            if self.why:
                _signal_group(self._child.pid, signal.SIGKILL)
                return

    def _pause(self, spent: float) -> float | None:
        left = None if self._timeout is None else max(self._timeout - spent, 0)
        if self._watch is None:
            return left
        return WATCH_SECONDS if left is None else min(WATCH_SECONDS, left)


def _start(
    words: list[str],
    cwd: Path | None,
    env: Mapping[str, str] | None,
    out: int | IO[bytes],
    stage: str,
    pass_fds: Sequence[int],
    feed: bool,
    stdin: int = subprocess.DEVNULL,
    apart: bool = False,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            words,
            cwd=cwd,
            env={**os.environ, **env} if env else None,
            stdin=subprocess.PIPE if feed else stdin,
            stdout=out,
            stderr=subprocess.PIPE if apart else subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(pass_fds),
        )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise
        raise StageError(
            stage,
            f"{words[0]} is not installed",
            command=words,
            hint="./inv doctor lists what this host lacks, with the command that installs it",
        ) from error
    except PermissionError as error:
        # A file without its x, or on a file system mounted noexec.
        hint = "mount its file system without noexec, or move the checkout to another one"
        message = f"{words[0]} may not be executed"
        raise StageError(stage, message, command=words, hint=hint) from error


def _collect(
    child: subprocess.Popen[bytes],
    stdin: str | bytes | None,
    sink: IO[bytes] | None,
    on_line: Callable[[str], None] | None,
) -> tuple[str, str]:
    """What `Result` holds as `out` and `err`."""
    if child.stdin is not None and stdin is not None:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        threading.Thread(target=_feed, args=(child.stdin, data), daemon=True).start()
    assert child.stdout is not None
    lines: list[str] = []
    errors: list[bytes] = []
    reader = threading.Thread(target=lambda: errors.extend(child.stderr or ()), daemon=True)
    reader.start()
    for raw in child.stdout:
        line = raw.decode("utf-8", "replace")
        lines.append(line)
        if sink:
            sink.write(raw)
            sink.flush()
        if on_line:
            on_line(line.rstrip("\n"))
    reader.join()
    if sink:
        sink.writelines(errors)
    return "".join(lines), b"".join(errors).decode("utf-8", "replace")


def _feed(pipe: IO[bytes], data: bytes) -> None:
    # A child may end without reading all of its input; its exit code says whether that was wrong.
    with contextlib.suppress(BrokenPipeError):
        pipe.write(data)
        pipe.close()


@contextlib.contextmanager
def _logged(log: Path | None, words: list[str]) -> Iterator[IO[bytes] | None]:
    if log is None:
        yield None
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        sink.write(f"$ {shlex.join(words)}\n".encode())
        yield sink


def _signal_group(pid: int, number: int) -> None:
    # start_new_session made the child its own group leader, so pid names the group.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _tail(out: str) -> list[str]:
    return list(deque((line for line in out.splitlines() if line.strip()), TAIL_LINES))

"""golden.run: what a child said comes back, and no child outlives its caller's interest."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from golden import run
from golden.errors import StageError
from golden.paths import ROOT
from tests.waiting import heard, until


def alive(pid: int) -> bool:
    """True while the process exists and is not a zombie waiting for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


def test_output_of_both_streams_comes_back_in_order() -> None:
    result = run.run(["sh", "-c", "echo one; echo two >&2; echo three"])
    assert (result.code, result.out) == (0, "one\ntwo\nthree\n")


def test_a_program_that_may_not_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    with pytest.raises(StageError, match=r"tool may not be executed") as caught:
        run.run([tmp_path / "tool"])
    assert "noexec" in caught.value.hint


def test_streams_kept_apart_are_not_mixed_and_both_are_logged(tmp_path: Path) -> None:
    script = ["sh", "-c", "echo data; echo warning >&2; exit $0"]
    result = run.run([*script, "0"], apart=True, log=tmp_path / "log")
    assert (result.out, result.err) == ("data\n", "warning\n")
    assert sorted((tmp_path / "log").read_text().splitlines()[1:]) == ["data", "warning"]
    with pytest.raises(StageError) as caught:
        run.run([*script, "3"], apart=True)
    assert caught.value.tail == ("data", "warning")


def test_lines_are_seen_while_the_child_runs_and_logged_with_the_command(tmp_path: Path) -> None:
    seen: list[str] = []
    log = tmp_path / "new" / "x.log"
    run.run(["sh", "-c", "echo a; echo b"], on_line=seen.append, log=log)
    assert seen == ["a", "b"]
    assert log.read_text() == "$ sh -c 'echo a; echo b'\na\nb\n"


def test_failure_names_stage_command_code_and_last_lines(tmp_path: Path) -> None:
    with pytest.raises(StageError) as caught:
        run.run(["sh", "-c", "echo why; exit 3"], stage="bake", log=tmp_path / "l")
    text = str(caught.value)
    assert "bake: command failed" in text
    assert "exit code: 3" in text
    assert "| why" in text
    assert str(tmp_path / "l") in text


def test_unchecked_failure_is_a_result() -> None:
    assert run.run(["sh", "-c", "exit 4"], check=False).code == 4


def test_missing_program_points_at_doctor() -> None:
    with pytest.raises(StageError, match="no-such-program is not installed") as caught:
        run.run(["no-such-program"])
    assert "doctor" in str(caught.value)


def test_timeout_ends_the_whole_process_group(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {pid_file}; wait"
    with pytest.raises(StageError, match="no end after"):
        run.run(["sh", "-c", script], timeout=0.5)
    time.sleep(0.1)
    assert not alive(int(pid_file.read_text()))


def test_a_watched_program_ends_when_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "WATCH_SECONDS", 0.05)
    asked = iter(["", "", "it does nothing"])
    began = time.monotonic()
    with pytest.raises(StageError, match="it does nothing"):
        run.run(["sh", "-c", "sleep 60"], watch=lambda: next(asked))
    assert time.monotonic() - began < 30
    assert run.run(["sleep", "0.2"], watch=lambda: "").code == 0


# Under nohup these tests have SIGHUP ignored, and so would their children.
LEAVING = """
import signal
import sys
from golden import run
signal.signal(signal.SIGHUP, signal.SIG_DFL)
run.end_with_children()
script = 'sleep 60 & echo $! > "$1.new"; mv "$1.new" "$1"; wait'
run.run(["sh", "-c", script, "sh", sys.argv[1]])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_what_was_started_too(tmp_path: Path, number: signal.Signals) -> None:
    pid_file = tmp_path / "pid"
    child = run.start([sys.executable, "-c", LEAVING, pid_file], cwd=ROOT)
    until(pid_file.exists, 60)
    child.send_signal(number)
    assert child.wait(30) == 128 + number
    assert not alive(int(pid_file.read_text()))


def test_large_stdin_does_not_deadlock() -> None:
    data = "x" * 5_000_000
    assert len(run.run(["cat"], stdin=data).out) == len(data)


def test_child_that_ignores_its_stdin_is_no_error() -> None:
    assert run.run(["true"], stdin="y" * 1_000_000).code == 0


def test_started_child_is_ended_with_its_children(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    child = run.start(["sh", "-c", f"sleep 60 & echo $! > {pid_file}; wait"], log=tmp_path / "log")
    until(lambda: pid_file.exists() and pid_file.read_text())
    run.end(child)
    assert child.returncode is not None
    time.sleep(0.1)
    assert not alive(int(pid_file.read_text()))


def test_programs_in_sbin_are_found_with_a_users_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "PATH", "/usr/bin:/bin")
    assert run.which("mke2fs") is not None
    assert run.which("no-such-program") is None


def test_a_program_with_a_terminal_of_its_own() -> None:
    child, terminal = run.on_terminal(["sh", "-c", "tty >/dev/null && read -r a && echo got $a"])
    try:
        os.write(terminal, b"this\n")
        heard(terminal, b"got this")
        assert child.wait(10) == 0
    finally:
        os.close(terminal)


def test_a_tied_program_ends_with_a_killed_caller(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    work = f"sleep 60 & echo $! > {note}.new && mv {note}.new {note}; wait"
    code = f"from golden import run; run.run(['sh', '-c', {work!r}], tied=True)"
    caller = run.start([sys.executable, "-c", code], cwd=ROOT)
    until(note.exists)
    assert alive(int(note.read_text()))
    caller.kill()
    caller.wait()
    until(lambda: not alive(int(note.read_text())), 10)


def test_a_tied_program_is_told_of_as_any_other(tmp_path: Path) -> None:
    with pytest.raises(StageError) as caught:
        run.run(["sh", "-c", "echo why; exit 3"], tied=True, log=tmp_path / "l")
    assert (caught.value.code, caught.value.tail) == (3, ("why",))
    assert (tmp_path / "l").read_text() == "$ sh -c 'echo why; exit 3'\nwhy\n"

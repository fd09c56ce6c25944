"""Files change together, or not at all: also when the process is killed at any moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from golden.bump.journal import Journal
from golden.errors import UserError

OLD = {"images/a.yaml": b"a: 1\n", "lock": b"old\n", "rendered/x/gone": b"x\n"}
WRITES = {"images/a.yaml": b"a: 2\n", "lock": b"new\n", "rendered/x/gone": None, "new": b"n\n"}
NEW = {name: content for name, content in WRITES.items() if content is not None}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout that holds OLD."""
    fill(tmp_path)
    return tmp_path


def fill(root: Path) -> None:
    for name, content in OLD.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def seen(root: Path) -> Mapping[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file() and ".cache" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def apply(root: Path) -> None:
    journal = Journal(root)
    with journal.held():
        journal.apply(WRITES, "a to 2")


def undo(root: Path) -> None:
    journal = Journal(root)
    with journal.held():
        journal.undo(journal.last())


def test_applied_and_undone(root: Path) -> None:
    apply(root)
    assert seen(root) == NEW
    assert not (root / "rendered").exists()
    undo(root)
    assert seen(root) == OLD
    with pytest.raises(UserError, match="no bump was made"):
        Journal(root).last()


def test_several_are_undone_the_last_one_first(root: Path) -> None:
    apply(root)
    journal = Journal(root)
    with journal.held():
        journal.apply({"lock": b"newer\n"}, "newer")
        assert journal.last().what == "newer"
    undo(root)
    assert seen(root) == NEW
    undo(root)
    assert seen(root) == OLD


def test_what_was_edited_since_is_not_lost(root: Path) -> None:
    apply(root)
    (root / "lock").write_text("by hand\n")
    with pytest.raises(UserError, match=r"--undo: lock changed after the bump \(a to 2\)"):
        Journal(root).last()
    assert (root / "lock").read_text() == "by hand\n"


def test_modes_stay(root: Path) -> None:
    (root / "lock").chmod(0o755)
    apply(root)
    assert (root / "lock").stat().st_mode & 0o777 == 0o755


def killed_at(call: int, work: Callable[[Path], None], root: Path) -> bool:
    """Run `work` in a process that is killed at its `call`th change of the disk; whether it was."""
    pid = os.fork()
    if pid == 0:
        count = 0

        def counted(real: Callable[..., object]) -> Callable[..., object]:
            def change(*args: object, **kwargs: object) -> object:
                nonlocal count
                count += 1
                if count == call:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **kwargs)

            return change

        for name in ("rename", "replace", "unlink", "rmdir", "mkdir"):
            setattr(Path, name, counted(getattr(Path, name)))
        os.fsync = counted(os.fsync)  # type: ignore[assignment]
        work(root)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("work", [apply, undo])
def test_killed_at_any_moment_all_or_nothing(
    work: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = {apply: (OLD, NEW), undo: (NEW, OLD)}[work]
    outcomes = []
    for call in range(1, 200):
        root = tmp_path / str(call)
        fill(root)
        if work is undo:
            apply(root)
        if not killed_at(call, work, root):
            break
        Journal(root).settle()
        outcomes.append(ends.index(seen(root)))
        # What is whole can be undone, what is not leaves nothing to undo.
        if seen(root) == NEW:
            undo(root)
            assert seen(root) == OLD
        else:
            with pytest.raises(UserError, match="no bump was made"):
                Journal(root).last()
    assert len(outcomes) > 10
    assert outcomes == sorted(outcomes), "there is one moment that counts"
    assert set(outcomes) == {0, 1} or outcomes[-1] == 0
    assert "its files are restored" in capsys.readouterr().err

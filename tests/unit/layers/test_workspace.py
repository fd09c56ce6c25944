"""One bake at a time, and what a killed one leaves behind is cleared by the next."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from pathlib import Path

import pytest

from golden import run
from golden.errors import StageError
from golden.layers import enter
from golden.layers import workspace as module
from golden.layers.workspace import guest, joined, working
from golden.paths import ROOT
from tests.waiting import until

# A bake that says when it works and then does so until it is told to stop, or killed.
BAKE = """
import sys, time
from pathlib import Path
from golden.layers import View, working
from golden import run
cache, tree = Path(sys.argv[1]), Path(sys.argv[2])
with working(cache) as workspace:
    scratch = workspace.scratch("base")
    for name in ("upper", "work"):
        (scratch / name).mkdir()
    view = View(at=scratch / "root", lower=(tree,), upper=scratch / "upper", work=scratch / "work",
                alive=workspace.alive, busy=workspace.busy, chroot=True,
                environment={"PATH": "/usr/bin"})
    (cache / "works").touch()
    run.run([*view.prefix("sleep"), "sleep", sys.argv[3]])
"""


def test_the_work_folder_is_gone_afterwards(tmp_path: Path) -> None:
    with working(tmp_path) as workspace:
        (workspace.scratch("base") / "file").touch()
        assert workspace.folder.is_dir()
    assert list((tmp_path / "work").iterdir()) == []


def test_a_workspace_in_another_has_its_very_files(tmp_path: Path) -> None:
    # The machine that makes a layer gets these paths, and nothing that a link would lead to.
    with working(tmp_path) as workspace, guest(workspace.folder) as visitor:
        inner = visitor.inner("site").inner("machine")
        assert (inner.alive, inner.busy) == (visitor.alive, workspace.busy)
        assert not any(each.is_symlink() for each in (inner.alive, inner.busy))


def test_the_work_folder_of_a_failed_bake_is_gone_too(tmp_path: Path) -> None:
    with pytest.raises(StageError), working(tmp_path) as workspace:
        workspace.scratch("base")
        raise StageError("base", "failed")
    assert list((tmp_path / "work").iterdir()) == []


def test_after_kill_9_nothing_runs_on_and_the_next_bake_clears_up(
    tmp_path: Path, tiny: Path
) -> None:
    argv = [sys.executable, "-c", BAKE, tmp_path, tiny, "300"]
    killed = run.start(argv, cwd=ROOT)
    until((tmp_path / "works").exists)
    time.sleep(0.5)
    left = next((tmp_path / "work").iterdir())
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert left.is_dir()
    with working(tmp_path) as workspace:
        assert not left.exists()
        assert [path.name for path in (tmp_path / "work").iterdir()] == [workspace.folder.name]
    assert str(left) not in Path("/proc/mounts").read_text()


def test_the_second_bake_says_that_it_waits_and_then_works(tmp_path: Path, tiny: Path) -> None:
    first = run.start([sys.executable, "-c", BAKE, tmp_path, tiny, "2"], cwd=ROOT)
    until((tmp_path / "works").exists)
    second = run.run([sys.executable, "-c", BAKE, tmp_path, tiny, "0"], cwd=ROOT)
    assert f"waiting for another bake to end (process {first.pid} since" in second.out
    assert first.wait(5) == 0


def test_an_orphan_that_does_not_end_is_reported_not_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr(module, "ORPHAN_SECONDS", 0.3)
    left = tmp_path / "work" / "1-1"
    left.mkdir(parents=True)
    with (left / "busy").open("w") as busy:
        fcntl.flock(busy, fcntl.LOCK_SH)
        with pytest.raises(StageError, match="interrupted bake"), working(tmp_path):
            pass
    assert left.is_dir()


HOLD = """
import sys, time
from pathlib import Path
from golden.layers.workspace import joined
with joined(Path(sys.argv[1])):
    (Path(sys.argv[1]) / "works").touch()
    time.sleep(2)
    (Path(sys.argv[1]) / "ended").touch()
"""


def test_several_join_a_cache_and_a_bake_waits_for_them(tmp_path: Path) -> None:
    child = run.start([sys.executable, "-c", HOLD, tmp_path], cwd=ROOT)
    until((tmp_path / "works").exists)
    with joined(tmp_path) as one, joined(tmp_path) as other:
        assert one.folder != other.folder and one.folder.parent == tmp_path / "work"
        assert not (tmp_path / "ended").exists()
    with working(tmp_path):
        assert (tmp_path / "ended").exists()
    assert child.wait(5) == 0
    assert list((tmp_path / "work").iterdir()) == []


def test_who_joins_first_clears_what_killed_ones_left(tmp_path: Path) -> None:
    (tmp_path / "work" / "1-1" / "base").mkdir(parents=True)
    with joined(tmp_path) as workspace:
        assert list((tmp_path / "work").iterdir()) == [workspace.folder]


GUEST = """
import sys, time
from pathlib import Path
from golden.layers import View
from golden.layers.workspace import guest
from golden import run
place, tree = Path(sys.argv[1]), Path(sys.argv[2])
with guest(place) as workspace:
    view = View(at=workspace.scratch("base") / "root", lower=(tree,), alive=workspace.alive,
                busy=workspace.busy, chroot=True, environment={"PATH": "/usr/bin"})
    (place / "works").touch()
    run.run([*view.prefix("sleep"), "sleep", "300"])
"""


def test_what_a_killed_guest_ran_ends_though_its_host_goes_on(tmp_path: Path, tiny: Path) -> None:
    with working(tmp_path) as workspace:
        guest = run.start([sys.executable, "-c", GUEST, workspace.folder, tiny], cwd=ROOT)
        until((workspace.folder / "works").exists)
        time.sleep(0.5)
        os.kill(guest.pid, signal.SIGKILL)
        guest.wait()
        # It holds this lock as long as it runs.
        module._wait_until_idle(workspace.busy)
    assert list((tmp_path / "work").iterdir()) == []


MOUNTED = """
import sys
from pathlib import Path
from golden.errors import UserError
from golden.layers import working
try:
    with working(Path(sys.argv[1])):
        print("works")
except UserError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("size=1m", "are on different file systems, and a finished layer must move"),
        ("size=1m,noexec", "is mounted noexec, and a bake runs programs there"),
    ],
)
def test_file_systems_that_cannot_hold_a_bake_are_refused_first(
    tmp_path: Path, options: str, words: str
) -> None:
    (tmp_path / "work").mkdir()
    mounted = f"mount -t tmpfs -o {options} work {tmp_path}/work"
    program = shlex.join([sys.executable, "-c", MOUNTED, str(tmp_path)])
    script = f"{mounted} && {program} && ls -A {tmp_path}/work {tmp_path}/layers"
    out = run.run([*enter.namespaces(), "sh", "-c", script], cwd=ROOT).out
    first, *left = out.splitlines()
    assert words in first
    assert [line for line in left if line and not line.endswith(":")] == []

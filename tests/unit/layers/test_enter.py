"""What a command sees inside a layer's tree, what it leaves there, and when it is ended.

Needs root, or a user namespace with ids of its own (`./inv doctor` says which this host has).
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import pytest

from golden import run
from golden.layers import View, Workspace
from golden.layers.inside import DEVICES, MOST_FILES
from tests.waiting import until

ENVIRONMENT = {"PATH": "/usr/bin", "GREETING": "hello"}


def view(tiny: Path, workspace: Workspace, *, chroot: bool = True, write: bool = True) -> View:
    scratch = workspace.scratch("layer")
    (scratch / "upper").mkdir()
    (scratch / "work").mkdir()
    return View(
        at=scratch / "root",
        lower=(tiny,),
        upper=scratch / "upper" if write else None,
        work=scratch / "work" if write else None,
        alive=workspace.alive,
        busy=workspace.busy,
        chroot=chroot,
        environment=ENVIRONMENT,
    )


def say(seen: View, script: str) -> str:
    return run.run([*seen.prefix("test"), "sh", "-c", script]).out


def test_what_is_written_goes_to_the_upper_layer_only(tiny: Path, workspace: Workspace) -> None:
    seen = view(tiny, workspace)
    say(seen, "mkdir -p /etc && echo new >/etc/file && rm /usr/bin/ls")
    assert seen.upper is not None
    assert (seen.upper / "etc/file").read_text() == "new\n"
    assert not (tiny / "etc").exists()
    assert (tiny / "usr/bin/ls").exists()


def test_system_folders_are_there_and_leave_nothing(tiny: Path, workspace: Workspace) -> None:
    seen = view(tiny, workspace)
    out = say(seen, "touch /run/a /tmp/b /dev/shm/c /run/lock/d; ls /dev; cat /proc/1/comm")
    assert set(DEVICES) <= set(out.split())
    assert seen.upper is not None
    left = [path for path in seen.upper.rglob("*") if not path.is_dir()]
    assert left == []


def test_the_command_is_root_of_a_machine_without_name_and_network(
    tiny: Path, workspace: Workspace
) -> None:
    out = say(view(tiny, workspace), "id -u; hostname; cat /proc/net/dev; echo $GREETING")
    assert out.split()[:2] == ["0", "bake"]
    devices = [line.split(":")[0].strip() for line in out.splitlines() if ":" in line]
    assert devices == ["lo"]
    assert out.endswith("hello\n")


def test_folders_of_the_host_are_shown_read_only(tiny: Path, workspace: Workspace) -> None:
    shown = workspace.scratch("shown")
    (shown / "list").write_text("web\n")
    seen = view(tiny, workspace)
    bound = View(**{**vars(seen), "binds": ((shown, "/run/bake/input"),)})
    argv = [*bound.prefix("test"), "sh", "-c", "cat /run/bake/input/list; touch /run/bake/input/x"]
    result = run.run(argv, check=False)
    assert "web\n" in result.out
    assert "Read-only file system" in result.out
    assert not (shown / "x").exists()


def test_a_command_may_open_a_bounded_number_of_files(tiny: Path, workspace: Workspace) -> None:
    # Python 2 closes each possible one in every child (docs/wheezy.md W4.1).
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most[1], most[1]))
    try:
        assert int(say(view(tiny, workspace), "ulimit -n")) <= MOST_FILES
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)


def test_without_an_upper_layer_the_tree_is_read_only(tiny: Path, workspace: Workspace) -> None:
    seen = view(tiny, workspace, chroot=False, write=False)
    result = run.run([*seen.prefix("test"), "touch", seen.at / "file"], check=False)
    assert "Read-only file system" in result.out


def test_a_command_on_the_host_has_the_environment_of_its_caller(
    tiny: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLD", "by the caller")
    seen = view(tiny, workspace, chroot=False, write=False)
    assert say(seen, "echo $TOLD $GREETING") == "by the caller\n"


def test_two_layers_show_as_one_tree(tiny: Path, workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "upper").mkdir()
    (tmp_path / "upper" / "file").write_text("of the upper\n")
    seen = view(tiny, workspace, chroot=False, write=False)
    both = View(**{**vars(seen), "lower": (tmp_path / "upper", tiny)})
    argv = [*both.prefix("test"), "sh", "-c", f"cat {both.at}/file; ls {both.at}/usr/bin"]
    out = run.run(argv).out
    assert "of the upper" in out and "sleep" in out


def test_folders_with_the_separators_of_overlayfs_in_their_names(
    tiny: Path, workspace: Workspace, tmp_path: Path
) -> None:
    odd = tmp_path / r"a:b,c\d"
    odd.mkdir()
    (odd / "file").write_text("odd\n")
    seen = view(tiny, workspace)
    both = View(**{**vars(seen), "lower": (odd, tiny)})
    assert run.run([*both.prefix("test"), "cat", "/file"]).out == "odd\n"


def test_the_exit_code_passes_through(tiny: Path, workspace: Workspace) -> None:
    argv = [*view(tiny, workspace).prefix("test"), "sh", "-c", "exit 7"]
    assert run.run(argv, check=False).code == 7


def test_a_program_that_is_not_in_the_tree_is_named(tiny: Path, workspace: Workspace) -> None:
    result = run.run([*view(tiny, workspace).prefix("test"), "no-such-program"], check=False)
    assert result.code == 127
    assert "no-such-program" in result.out


def test_sync_waits_for_nothing(tiny: Path, workspace: Workspace) -> None:
    began = time.monotonic()
    say(view(tiny, workspace), "dd if=/dev/zero of=/big bs=1M count=64 conv=fsync; sync; sync")
    assert time.monotonic() - began < 5


def test_what_the_command_leaves_running_ends_with_it(tiny: Path, workspace: Workspace) -> None:
    marker = f"{os.getpid()}.5"
    say(view(tiny, workspace), f"sleep {marker} & echo started")
    assert not _runs(marker)


def test_everything_ends_within_seconds_of_the_bakes_end(tiny: Path, workspace: Workspace) -> None:
    marker = f"{os.getpid()}.25"
    child = run.start([*view(tiny, workspace).prefix("test"), "sh", "-c", f"sleep {marker}"])
    until(lambda: _runs(marker))
    workspace.abandon()
    assert child.wait(10) == 137
    assert not _runs(marker)


def _runs(marker: str) -> bool:
    """Whether a process has the word `marker` on its command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[:2] == [b"sleep", marker.encode()]:
            return True
    return False


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a file to another owner")
def test_owners_are_the_trees_own(tiny: Path, workspace: Workspace) -> None:
    scratch = workspace.scratch("owned")
    (scratch / "file").touch()
    os.chown(scratch / "file", 1234, 4321)
    seen = view(tiny, workspace, chroot=False, write=False)
    owned = View(**{**vars(seen), "lower": (scratch, tiny)})
    argv = [*owned.prefix("test"), "stat", "--format=%u:%g", owned.at / "file"]
    assert run.run(argv).out == "1234:4321\n"

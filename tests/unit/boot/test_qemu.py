"""Starting and stopping machines, with a program that stands in for QEMU."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from golden import daemon, run, rundir
from golden.boot import sockets
from golden.boot.accelerator import Accelerator
from golden.boot.qemu import target as qemu
from golden.boot.qemu.target import Qemu
from golden.errors import StageError, UserError
from golden.rundir import NodeDir, State
from tests.unit import baked_disk
from tests.unit.small_site import small_site

SITE = small_site()
N1 = SITE.nodes[0]
# Stands in for QEMU: a socket that answers everything with a running machine.
ANSWERS = """\
import json, socket
listener = socket.socket(socket.AF_UNIX)
listener.bind("qmp.sock")
listener.listen()
while True:
    link, _ = listener.accept()
    stream = link.makefile("rw")
    stream.write("{}\\n"); stream.flush()
    for line in stream:
        if "quit" in line:
            raise SystemExit
        stream.write('{"return": {"status": "running"}}\\n'); stream.flush()
"""


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, own_home: Path) -> Iterator[Qemu]:
    """A target whose site has a baked disk for n1; its machines end with the test."""
    monkeypatch.setattr(rundir, "CACHE", own_home / "cache")
    monkeypatch.setattr(qemu, "choose", lambda: Accelerator("tcg", "", 0.1))
    monkeypatch.setattr(qemu.seed, "write", lambda site, node, path, extra: path.touch())
    monkeypatch.setattr(qemu, "POWERDOWN_SECONDS", 1.0)
    run.run(["qemu-img", "create", "-q", "-f", "qcow2", bake("master"), "16M"])
    bake("master")
    yield Qemu()
    for node in SITE.nodes:
        Qemu().down(SITE.name, node.name, keep=False)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Replaces QEMU by a Python program."""

    def use(program: str) -> None:
        file = tmp_path / "machine.py"
        file.write_text(program)
        monkeypatch.setattr(qemu, "argv", lambda machine, accelerator: ["python3", str(file)])

    return use


def bake(kind: str, fmt: str = "qcow2") -> Path:
    return baked_disk.record(SITE.name, kind, fmt)


def files() -> NodeDir:
    return NodeDir(SITE.name, N1.name)


def test_a_node_without_a_baked_disk_says_how_to_bake_it(place: Qemu) -> None:
    with pytest.raises(UserError, match=r"has no baked 'member': .*\./inv bake --site"):
        place.check(SITE, SITE.nodes)
    assert not rundir.site_dir(SITE.name).exists()


def test_the_newest_of_two_formats_is_booted(place: Qemu, tmp_path: Path) -> None:
    assert qemu.artifact(SITE, N1).suffix == ".qcow2"
    raw = bake("master", "raw")
    # A file system's clock ticks slower than this test.
    os.utime(raw, (time.time() + 1, time.time() + 1))
    assert qemu.artifact(SITE, N1) == raw


def test_up_then_up_again_then_down(place: Qemu, machine: Callable[[str], None]) -> None:
    machine(ANSWERS)
    assert place.up(SITE, N1)
    assert place.machine_state(SITE.name, N1.name) == "running"
    assert not place.up(SITE, N1)
    assert place.down(SITE.name, N1.name, keep=False)
    assert not files().path.exists()
    assert not place.down(SITE.name, N1.name, keep=False)
    assert place.machine_state(SITE.name, N1.name) == "off"


def test_cut_power_is_no_shutdown_and_the_disks_stay(
    place: Qemu, machine: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(ANSWERS)
    place.up(SITE, N1)
    state, sent = files().running(), []
    monkeypatch.setattr(qemu, "_ask", lambda *words: sent.append(words))
    assert place.cut(SITE.name, N1.name)
    assert state is not None and not state.is_alive()
    assert sent == [] and files().overlay.exists() and files().state() is None
    assert not place.cut(SITE.name, N1.name)
    place.check(SITE, (N1,))
    assert place.up(SITE, N1)


def test_the_overlay_lies_on_the_artifact_and_data_is_sparse(
    place: Qemu, machine: Callable[[str], None]
) -> None:
    machine(ANSWERS)
    place.up(SITE, N1)
    info = run.run(["qemu-img", "info", "-U", files().overlay]).out
    assert f"backing file: {qemu.artifact(SITE, N1)}" in info
    assert "25 GiB" in run.run(["qemu-img", "info", "-U", files().data]).out
    assert files().data.stat().st_size < 1024 * 1024


def test_state_is_kept_without_the_system(place: Qemu, machine: Callable[[str], None]) -> None:
    machine(ANSWERS)
    place.up(SITE, N1)
    assert not place.has_state_apart(SITE.name, N1.name)
    place.down(SITE.name, N1.name, keep=False)
    Qemu(state=True).up(SITE, N1)
    assert place.has_state_apart(SITE.name, N1.name)
    kept, data = (path.stat().st_ino for path in (files().kept, files().data))
    place.down(SITE.name, N1.name, keep=False, keep_state=True)
    left = sorted(path.name for path in files().path.iterdir())
    assert left == ["data.qcow2", "state.qcow2", "target"]
    place.check(SITE, (N1,))
    place.up(SITE, N1)
    assert (files().kept.stat().st_ino, files().data.stat().st_ino) == (kept, data)
    assert files().overlay.exists()
    place.down(SITE.name, N1.name, keep=False)
    assert not files().path.exists()


def test_a_kept_disk_is_used_again(place: Qemu, machine: Callable[[str], None]) -> None:
    machine(ANSWERS)
    place.up(SITE, N1)
    files().console.write_text("the first boot")
    inode = files().overlay.stat().st_ino
    place.down(SITE.name, N1.name, keep=True)
    place.check(SITE, (N1,))
    place.up(SITE, N1)
    assert files().overlay.stat().st_ino == inode
    # The console of this boot begins empty.
    assert not files().console.exists()
    assert (files().path / "console.log.old").read_text() == "the first boot"


def test_a_kept_disk_of_an_older_bake_is_refused(
    place: Qemu, machine: Callable[[str], None], tmp_path: Path
) -> None:
    machine(ANSWERS)
    place.up(SITE, N1)
    place.down(SITE.name, N1.name, keep=True)
    bake("master", "raw")
    with pytest.raises(UserError, match=r"kept from an older bake.*inv down --site small"):
        place.check(SITE, (N1,))


def test_a_machine_that_dies_at_once_shows_its_words(
    place: Qemu, machine: Callable[[str], None]
) -> None:
    machine("raise SystemExit(\"qemu: -device nonsense: 'nonsense' is not a valid device\")")
    with pytest.raises(StageError, match="ended as soon as it was started") as caught:
        place.up(SITE, N1)
    assert caught.value.tail == ("qemu: -device nonsense: 'nonsense' is not a valid device",)
    assert caught.value.code == 1
    assert place.machine_state(SITE.name, N1.name) == "off"


def test_a_port_taken_meanwhile_is_replaced(
    place: Qemu, machine: Callable[[str], None], tmp_path: Path
) -> None:
    first = tmp_path / "first"
    machine(f"""\
import pathlib
first = pathlib.Path({str(first)!r})
if not first.exists():
    first.touch()
    raise SystemExit("Could not set up host forwarding rule 'tcp:127.0.0.1:22-:22'")
{ANSWERS}""")
    assert place.up(SITE, N1)


def test_a_full_host_disk_is_told_before_anything_starts(
    place: Qemu, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage: Any = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=5 << 20))
    with pytest.raises(UserError, match="5 MiB are free, the nodes' disks need 1024 MiB"):
        place.check(SITE, (N1,))


def test_a_dead_machines_leftovers_are_recognised(
    place: Qemu, machine: Callable[[str], None]
) -> None:
    machine(ANSWERS)
    place.up(SITE, N1)
    sockets_left = files().qmp.exists()
    _end(files().running())
    assert sockets_left
    assert place.machine_state(SITE.name, N1.name) == "off"
    assert place.up(SITE, N1)


def test_down_ends_no_process_that_it_did_not_start(place: Qemu) -> None:
    stranger = run.start(["sleep", "60"])
    try:
        state = State(stranger.pid, 1, daemon.boot_id(), 0.0, 1, "tcg", 0.1, "/x", [], "qemu")
        files().remember(state)
        assert not place.down(SITE.name, N1.name, keep=False)
        assert stranger.poll() is None
    finally:
        run.end(stranger)


def test_down_ends_a_machine_that_does_not_answer(place: Qemu) -> None:
    child = run.start(["sleep", "60"])
    started = daemon.start_ticks(child.pid) or 0
    state = State(child.pid, started, daemon.boot_id(), 0.0, 1, "tcg", 0.1, "/x", [], "qemu")
    files().remember(state)
    assert place.down(SITE.name, N1.name, keep=True)
    assert child.wait() == -15


def test_a_paused_machine_is_told(
    place: Qemu, machine: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(ANSWERS)
    place.up(SITE, N1)
    with monkeypatch.context() as patch:
        patch.setattr(sockets, "command", lambda path, name: {"status": "io-error"})
        assert place.machine_state(SITE.name, N1.name) == "io-error"


def test_an_artifact_written_to_while_its_node_ran_is_reported(
    place: Qemu, machine: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    machine(ANSWERS)
    place.up(SITE, N1)
    with qemu.artifact(SITE, N1).open("ab") as image:
        image.write(b"damage")
    place.down(SITE.name, N1.name, keep=False)
    assert "was written to while n1 ran" in capsys.readouterr().err


def test_an_artifact_baked_anew_while_its_node_runs_is_no_damage(
    place: Qemu, machine: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    machine(ANSWERS)
    place.up(SITE, N1)
    image = qemu.artifact(SITE, N1)
    image.with_suffix(".tmp").write_bytes(b"another")
    image.with_suffix(".tmp").replace(image)
    place.down(SITE.name, N1.name, keep=False)
    assert capsys.readouterr().err == ""


def _end(state: State | None) -> None:
    assert state is not None
    os.kill(state.pid, signal.SIGKILL)
    state.wait(5)

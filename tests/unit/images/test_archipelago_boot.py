"""Archipelago at boot: the real init script, with its files in a folder and peers that sleep."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden.paths import ROOT

SCRIPT = ROOT / "images/roles/archipelago/files/etc/init.d/archipelago-boot"
PEERS = ("blockerb", "blockerm", "mapperd", "vlmcd")
LSB = """log_daemon_msg() { echo "$@"; }
log_progress_msg() { echo "$@"; }
log_end_msg() { return "$1"; }
"""
# As the real one: it ends at once where a folder is missing, and its exit code says nothing else.
ARCHIPELAGO = """#!/bin/sh
echo "$1" >> ROOT/calls
[ -d ROOT/srv/archip/blocks ] || { echo 'blockerb: Archip dir invalid'; exit 255; }
for peer in blockerb blockerm mapperd vlmcd; do
    case $1 in
    start)
        [ ! -e ROOT/broken ] || [ $peer != mapperd ] || continue
        sleep 600 > /dev/null 2>&1 &
        echo $! > ROOT/run/archipelago/$peer.pid
        ;;
    stop) kill "$(cat ROOT/run/archipelago/$peer.pid)"; rm ROOT/run/archipelago/$peer.pid ;;
    esac
done 2> /dev/null
exit 0
"""


class Node:
    """A node's files below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("etc/init.d", "etc/archipelago", "lib/lsb", "run/archipelago", "srv/archip"):
            (root / folder).mkdir(parents=True)
        (root / "lib/lsb/init-functions").write_text(LSB)
        conf = f"[PEERS]\nROLES = {' '.join(PEERS)}\n[blockerb]\narchip_dir = STORE/blocks\n"
        conf += "[blockerm]\narchip_dir = STORE/blocks\nlock_dir = STORE/locks\n"
        place = root / "etc/archipelago/archipelago.conf"
        place.write_text(conf.replace("STORE", f"{root}/srv/archip"))
        text = SCRIPT.read_text().replace("PAUSE=3", "PAUSE=0.1")
        for old in ("/etc/", "/var/run/", "/lib/lsb"):
            text = text.replace(old, f"{root}{old.replace('/var/', '/')}")
        self._program("archipelago-boot", text)
        self._program("archipelago", ARCHIPELAGO.replace("ROOT", str(root)))

    def _program(self, name: str, text: str) -> None:
        path = self.root / "etc/init.d" / name
        path.write_text(text)
        path.chmod(0o755)

    def gunicorn(self) -> None:
        """Applications that run."""
        (self.root / "gunicorn").touch()
        text = 'case $1 in status) [ -e R/gunicorn ] ;; *) echo "gunicorn $1" >> R/calls ;; esac'
        self._program("gunicorn", f"#!/bin/sh\n{text}\n".replace("R/", f"{self.root}/"))

    def mount(self) -> None:
        """What the NFS server has appears."""
        for name in ("blocks", "locks"):
            (self.root / "srv/archip" / name).mkdir()

    def call(self, action: str) -> tuple[int, str]:
        argv = [str(self.root / "etc/init.d/archipelago-boot"), action]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stdout + done.stderr

    def calls(self) -> list[str]:
        path = self.root / "calls"
        return path.read_text().split("\n")[:-1] if path.exists() else []

    def becomes(self, code: int) -> bool:
        """Whether `status` ends with `code` within ten seconds."""
        end = time.monotonic() + 10
        while self.call("status")[0] != code and time.monotonic() < end:
            time.sleep(0.1)
        return self.call("status")[0] == code

    def end(self) -> None:
        for path in self.root.glob("run/**/*.pid"):
            try:
                os.kill(int(path.read_text()), signal.SIGKILL)
            except (ProcessLookupError, ValueError):
                continue


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    yield made
    made.end()


def test_it_starts_at_once_where_the_storage_is_there(node: Node) -> None:
    node.mount()
    assert node.call("start")[0] == 0
    assert node.call("status") == (0, "all peers of Archipelago run\n")
    assert node.calls() == ["start"]
    assert node.call("start")[0] == 0
    assert node.calls() == ["start"], "what runs is left alone"


def test_it_waits_for_the_mount_and_comes_up_by_itself(node: Node) -> None:
    node.gunicorn()
    code, said = node.call("start")
    assert (code, "waiting for" in said) == (0, True), said
    code, said = node.call("status")
    assert (code, "waits for" in said) == (3, True), said
    node.mount()
    assert node.becomes(0)
    assert node.calls() == ["gunicorn stop", "start", "gunicorn start"]


def test_a_dead_peer_is_seen_and_the_rest_is_begun_anew(node: Node) -> None:
    node.mount()
    (node.root / "broken").touch()
    assert node.call("start")[0] == 1
    code, said = node.call("status")
    assert (code, said) == (3, "Archipelago does not run: mapperd\n")
    (node.root / "broken").unlink()
    assert node.call("start")[0] == 0
    assert node.calls() == ["start", "stop", "start"]


def test_stop_ends_the_waiting_too(node: Node) -> None:
    node.call("start")
    pid = int((node.root / "run/archipelago-boot.pid").read_text())
    node.call("stop")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    node.mount()
    assert node.calls() == ["stop"]
    assert node.call("status")[0] == 3

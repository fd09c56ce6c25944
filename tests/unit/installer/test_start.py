"""What comes after the installer: on which consoles it is told, and where a person may answer."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden.installer.initramfs import SOURCE
from tests.waiting import heard, until

CONSOLES = ("tty0", "ttyS0")
REBOOT = 'echo rebooted > "$GOLDEN_ROOT/rebooted"; kill $PPID'


class Machine:
    """start.sh with an installer that ends with `code`; its consoles are pseudo-terminals."""

    def __init__(self, root: Path, code: int) -> None:
        self.root = root
        for name in ("sys/class/tty/console", "dev", "tmp", "programs"):
            (root / name).mkdir(parents=True)
        (root / "sys/class/tty/console/active").write_text(" ".join(CONSOLES) + "\n")
        shutil.copy(SOURCE / "start.sh", root / "start.sh")
        (root / "install.sh").write_text(f"exit {code}\n")
        for name, text in {"reboot": REBOOT, "sleep": "exec /bin/sleep 0.05"}.items():
            (root / "programs" / name).write_text(f"#!/bin/sh\n{text}\n")
            (root / "programs" / name).chmod(0o755)
        # The end that is the person's, and the end that is the kernel's.
        self.ends = {name: os.openpty() for name in CONSOLES}
        for name, (_, console) in self.ends.items():
            (root / "dev" / name).symlink_to(os.ttyname(console))
        path = f"{root}/programs:{os.environ['PATH']}"
        self.child = subprocess.Popen(
            ["dash", root / "start.sh"],
            env={"GOLDEN_ROOT": str(root), "PATH": path},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def says(self, console: str, words: bytes) -> None:
        """Wait until it has said so on that console."""
        heard(self.ends[console][0], words)

    def press_enter(self, console: str) -> None:
        os.write(self.ends[console][0], b"\n")

    def wait_for_restart(self) -> None:
        until((self.root / "rebooted").exists, 20)

    def off(self) -> None:
        """End it with all that it started, which is what waits at the consoles."""
        os.killpg(self.child.pid, 9)
        self.child.wait()
        for end in self.ends.values():
            os.close(end[0])
            os.close(end[1])


@pytest.fixture
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path / "machine", request.param)
    yield made
    made.off()


@pytest.mark.parametrize("console", CONSOLES)
@pytest.mark.parametrize("machine", [2], indirect=True)
def test_a_person_at_any_console_starts_it_over(machine: Machine, console: str) -> None:
    for name in CONSOLES:
        machine.says(name, b"Nothing was changed. Press Enter to start over.")
    time.sleep(0.5)
    assert not (machine.root / "rebooted").exists()
    machine.press_enter(console)
    machine.wait_for_restart()


@pytest.mark.parametrize("machine", [0, 1, 3], indirect=True)
def test_else_it_restarts_by_itself(machine: Machine) -> None:
    machine.wait_for_restart()
    for name in CONSOLES:
        machine.says(name, b"restarting in ")

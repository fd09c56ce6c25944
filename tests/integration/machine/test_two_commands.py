"""The README's two commands, as a new user types them on a machine with nothing but git and Python.

Takes a quarter of an hour.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden import run
from tests.integration.machine.bare import Machine

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: a machine of one's own needs root"),
]
IN_CHECKOUT = ("env", "--chdir=/root/golden")
# Behind the command: whatever still runs was started by it, or by a package it installed.
LEFT = 'cat /proc/[0-9]*/comm >/root/left; exit "$code"'


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("bare") / "root")
    made.make()
    yield made
    shutil.rmtree(made.root)


def typed(machine: Machine, command: str, log: Path) -> run.Result:
    shell = f"{command}; code=$?; {LEFT}"
    return machine.run(*IN_CHECKOUT, "sh", "-c", shell, log=log)


def left(machine: Machine) -> set[str]:
    return set((machine.root / "root/left").read_text().split()) - {"sh", "cat"}


def test_inv_bake(machine: Machine, tmp_path: Path) -> None:
    said = typed(machine, "./inv bake", tmp_path / "bake.log")
    assert said.code == 0, said.out[-4000:]
    disks = machine.root / "root/golden/.artifacts/rehearsal"
    assert {path.parent.name for path in disks.glob("*/disk.qcow2")} == {"node1", "node2"}
    assert machine.has("packer")
    assert not machine.has("qemu-system-x86") and not machine.has("postgresql-15")
    assert left(machine) == set()


def test_inv_test(machine: Machine, tmp_path: Path) -> None:
    said = typed(machine, "./inv test", tmp_path / "test.log")
    assert said.code == 0, said.out[-8000:]
    closing = re.findall(r"^=+ (\d+ passed.*) in .*=+$", said.out, re.MULTILINE)
    assert closing and re.fullmatch(r"\d+ passed", closing[-1]), closing
    assert machine.has("postgresql-15")
    assert left(machine) == set()
    assert not (machine.root / "usr/sbin/policy-rc.d").exists()


def test_the_checkout_is_as_it_was(machine: Machine) -> None:
    said = run.run(["git", "-C", machine.root / "root/golden", "status", "--porcelain"])
    assert said.out == ""

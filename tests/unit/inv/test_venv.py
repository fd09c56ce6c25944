"""When `./inv` makes its venv: once, and again when the one there is no good."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.inv.wrapper import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine on which ./inv has run."""
    made = Machine(tmp_path)
    assert made.inv("--list").code == 0
    assert made.made() == 1
    return made


def test_it_is_made_once(machine: Machine) -> None:
    assert machine.inv("bake", "--site", "two words").code == 0
    found = f"--collection tasks --search-root {machine.checkout}"
    run = f"-P -m invoke {found} bake --site two words"
    assert machine.heard()[-1] == f"python3 {run}"
    assert machine.inv("--list").code == 0
    assert machine.made() == 0


def test_other_versions_want_a_new_one(machine: Machine) -> None:
    (machine.checkout / "requirements.lock").write_text("a==2\n")
    machine.inv("--list")
    assert machine.made() == 1


def test_a_date_in_the_future_changes_nothing(machine: Machine) -> None:
    later = time.time() + 10**8
    os.utime(machine.checkout / "requirements.lock", (later, later))
    os.utime(machine.checkout / "golden/host/host-packages.txt", (later, later))
    machine.inv("--list")
    assert machine.made() == 0


def test_a_checkout_that_was_moved_gets_a_new_one(machine: Machine) -> None:
    machine.checkout = machine.checkout.rename(machine.place / "moved")
    assert machine.inv("--list").code == 0
    assert machine.made() == 1


def test_a_venv_whose_interpreter_is_gone_is_made_anew(machine: Machine) -> None:
    python = machine.checkout / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3.11")
    assert machine.inv("--list").code == 0
    assert machine.made() == 1


def test_a_link_to_one_of_another_checkout_is_not_emptied(machine: Machine) -> None:
    venv, other = machine.checkout / ".venv", machine.place / "other"
    venv.rename(other)
    venv.symlink_to(other)
    (other / ".made").write_text("another checkout's\n")
    said = machine.inv("--list")
    assert (said.code, machine.made()) == (2, 0)
    assert f"{venv} is a link to {other}" in said.out
    assert (other / "bin/python").exists()


def test_an_interrupted_pip_is_told_and_made_good(machine: Machine) -> None:
    (machine.checkout / "requirements.lock").write_text("b==1\n")
    (machine.bin / "no-network").touch()
    said = machine.inv("--list")
    assert said.code == 1
    assert "pip could not install the packages of requirements.lock" in said.out
    assert not [line for line in machine.heard() if "invoke" in line]
    (machine.bin / "no-network").unlink()
    assert machine.inv("--list").code == 0
    assert machine.made() == 1


def test_an_old_python_is_told(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.program("python3", "#!/bin/sh\nexit 1\n")
    said = machine.inv("--list")
    assert (said.code, said.out.count("\n")) == (2, 1)
    assert "Python 3.11 or newer is needed" in said.out
    assert not (machine.checkout / ".venv").exists()


def test_another_python_is_looked_for(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    (machine.bin / "python3").rename(machine.bin / "python3.13")
    machine.program("python3", "#!/bin/sh\nexit 1\n")
    # What the PATH has is a link, as on Debian; the venv is made of where that leads.
    assert machine.inv("--list").code == 0


def test_the_python_that_is_asked_for_is_the_only_choice(machine: Machine) -> None:
    asked = machine.bin / "a python3.13"
    asked.write_text((machine.bin / "python3").read_text())
    asked.chmod(0o755)
    for _ in range(2):
        assert machine.inv("--list", GOLDEN_PYTHON=str(asked)).code == 0
    assert machine.made() == 1
    assert "a python3.13" in (machine.checkout / ".venv/bin/python").read_text()
    assert machine.inv("--list").code == 0
    assert machine.made() == 0
    said = machine.inv("--list", GOLDEN_PYTHON="python2")
    assert (said.code, machine.made()) == (2, 0)
    assert "GOLDEN_PYTHON=python2 is no Python 3.11 or newer" in said.out


def test_two_at_once_make_one(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    with ThreadPoolExecutor() as pool:
        said = list(pool.map(lambda _: machine.inv("bake"), range(3)))
    assert [each.code for each in said] == [0, 0, 0]
    told = machine.heard()
    assert len([line for line in told if line.startswith("python3 -m venv")]) == 1

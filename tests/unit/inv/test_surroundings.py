"""`./inv` wherever it lies, and whatever the caller's shell has set."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.inv.wrapper import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def works(machine: Machine, said: int) -> None:
    assert said == 0
    found = f"--collection tasks --search-root {machine.checkout}"
    assert machine.heard()[-1] == f"python3 -P -m invoke {found} --list"


def test_a_cdpath_leads_nowhere(machine: Machine) -> None:
    other = Machine(machine.place / "other")
    said = machine.inv("--list", by="checkout/inv", CDPATH=f"{other.place}:{machine.place}")
    works(machine, said.code)


@pytest.mark.parametrize("name", ["golden", "a b", "übung", "it's", 'a"b', "a%20b", "x#y", "$HOME"])
def test_any_name(machine: Machine, name: str) -> None:
    machine.make(name)
    works(machine, machine.inv("--list").code)
    assert (machine.checkout / ".venv/.made").is_file()


def test_a_colon_is_refused_before_anything_is_written(machine: Machine) -> None:
    machine.make("a:b")
    before = sorted(machine.checkout.iterdir())
    said = machine.inv("bake")
    assert (said.code, said.out.count("\n")) == (2, 1)
    assert said.out.startswith(f"inv: {machine.checkout}: ") and "colon" in said.out
    assert sorted(machine.checkout.iterdir()) == before
    assert machine.heard() == []


def test_through_a_link(machine: Machine) -> None:
    (machine.place / "links").mkdir()
    (machine.place / "links/inv").symlink_to("../checkout/inv")
    works(machine, machine.inv("--list", by="links/inv").code)


def test_by_the_path(machine: Machine) -> None:
    (machine.bin / "inv").symlink_to(machine.checkout / "inv")
    works(machine, machine.inv("--list", by="inv").code)


def test_what_other_pythons_are_told_is_not_for_this_one(machine: Machine) -> None:
    python = (machine.bin / "python3").read_text()
    names = "PYTHONPATH PYTHONHOME PYTHONOPTIMIZE PIP_TARGET PIP_PREFIX PIP_USER"
    tell = f'for name in {names}; do [ -z "${{!name+x}}" ] || exit 1; done\n'
    machine.program("python3", python.replace("\n", "\n" + tell, 1))
    works(machine, machine.inv("--list", **dict.fromkeys(names.split(), "/elsewhere")).code)

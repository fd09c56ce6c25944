"""Which host packages `./inv` installs for which task, and what it says where it may not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from golden.host.packages import LIST, host_packages
from golden.menu import namespace
from golden.paths import ROOT
from tests.unit.inv.wrapper import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("words", "packages"),
    [
        ("", []),
        ("--list", []),
        ("doctor --site x", []),
        ("help test", []),
        ("test --help", []),
        ("bake", ["baker"]),
        ("plan", ["baker"]),
        ("boot", ["baker"]),
        ("boot --target container", ["baker", "player"]),
        ("boot --target=metal", ["baker", "netboot"]),
        ("test", ["baker", "db", "netboot"]),
        ("test --slow", ["baker", "db", "player", "netboot"]),
        ("test --nightly", ["baker", "db", "netboot", "night"]),
    ],
)
def test_each_task_gets_what_it_needs(machine: Machine, words: str, packages: list[str]) -> None:
    assert machine.inv(*words.split()).code == 0
    assert machine.installed() == packages


def test_what_is_there_is_not_installed(machine: Machine) -> None:
    machine.program("mkbake", "")
    (machine.place / "db").touch()
    machine.inv("test")
    assert machine.installed() == ["netboot"]


def test_a_folder_is_no_program(machine: Machine) -> None:
    (machine.checkout / "mkbake").mkdir()
    machine.inv("bake", cwd=machine.checkout)
    assert machine.installed() == ["baker"]


def test_a_python_without_pip_gets_its_package(machine: Machine) -> None:
    (machine.bin / "no-ensurepip").touch()
    machine.inv("--list")
    assert machine.installed() == ["python3-venv"]


def test_who_is_not_root_gets_one_line_and_nothing_is_written(tmp_path: Path) -> None:
    machine = Machine(tmp_path, uid=1000)
    (machine.bin / "no-ensurepip").touch()
    before = sorted(machine.checkout.iterdir())
    said = machine.inv("test")
    assert said.code == 2
    line = "apt-get install --yes --no-install-recommends baker db netboot python3-venv"
    assert said.out.splitlines() == [
        "inv: this host lacks packages; as root run once:",
        f"  {line}",
    ]
    assert sorted(machine.checkout.iterdir()) == before


def test_no_daemon_is_started_by_an_installation(machine: Machine) -> None:
    machine.inv("test")
    assert "policy: 101" in machine.heard()
    assert not machine.policy.exists()


def test_the_host_s_own_policy_stays(machine: Machine) -> None:
    machine.policy.write_text("#!/bin/sh\nexit 104\n")
    machine.policy.chmod(0o755)
    machine.inv("test")
    assert "policy: 104" in machine.heard()
    assert machine.policy.exists()


def test_what_a_killed_installation_left_goes_with_the_next(machine: Machine) -> None:
    apt = (machine.bin / "apt-get").read_text()
    machine.program("apt-get", "#!/bin/sh\nkill -KILL $PPID\n")
    assert machine.inv("test").code != 0
    assert machine.policy.exists()
    machine.program("apt-get", apt)
    machine.inv("test")
    assert not machine.policy.exists()


def test_a_failed_installation_is_told_and_leaves_no_policy(machine: Machine) -> None:
    (machine.bin / "no-network").touch()
    said = machine.inv("bake")
    assert said.code == 1
    assert "Could not resolve a mirror" in said.out
    log = machine.checkout / ".cache/log/host-packages.log"
    assert f"apt-get failed; the whole log is {log};" in said.out
    assert not machine.policy.exists()
    assert machine.made() == 0


def test_the_list_is_one_package_a_line_and_has_known_purposes() -> None:
    rows = host_packages()
    assert all(re.fullmatch(r"[a-z0-9.+-]+", row.package) and row.why for row in rows)
    assert len({row.package for row in rows}) == len(rows)
    own = subprocess.check_output(["bash", "-c", PURPOSES], text=True, cwd=ROOT).split()
    assert {name for row in rows for name in row.purposes} == set(own)
    assert str(LIST.relative_to(ROOT)) in (ROOT / "inv").read_text()


PURPOSES = """
eval "$(sed -n '/^purposes()/,/^}/p' inv)"
purposes bench; purposes test --slow --nightly; purposes rehearse container libvirt metal
"""


def test_every_task_that_the_wrapper_names_is_there() -> None:
    text = (ROOT / "inv").read_text()
    text = text[text.index("\npurposes()") : text.index("\n}", text.index("\npurposes()"))]
    lines = re.findall(r"^ {8}(\S.*?)\) (?:echo|return)", text, re.MULTILINE)
    named = {name for line in lines for name in line.split(" | ") if name[0].isalpha()}
    assert {"test", "rehearse", "boot", "doctor"} <= named
    there = namespace().task_names
    groups = {f"{name.partition('.')[0]}.*" for name in there if "." in name}
    assert named <= {*there, *groups}

"""What a user types, as far as the functions that it calls."""

from __future__ import annotations

import sys
from pathlib import Path

import invoke
import pytest
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.program import Program

import golden.boot
from golden import menu, run
from golden.errors import USER_ERROR_CODE
from golden.menu import booting
from golden.paths import HOME, ROOT
from golden.releases import switch


def typed(line: str) -> None:
    Program(namespace=menu.namespace()).run(line, exit=False)


@pytest.fixture
def downed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The nodes that each call of `down` was given."""
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        golden.boot, "down", lambda site, nodes, *, keep, connect: calls.append(tuple(nodes))
    )
    return calls


@pytest.mark.parametrize(
    ("line", "nodes"),
    [
        ("inv down", ()),
        ("inv down --node node1", ("node1",)),
        ("inv down --node node1 --node node2", ("node1", "node2")),
        ("inv down -n node2", ("node2",)),
    ],
)
def test_nodes_arrive_whole(downed: list[tuple[str, ...]], line: str, nodes: tuple[str]) -> None:
    typed(line)
    assert downed == [nodes]


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("inv release.promote", ("rehearsal", "")),
        ("inv release.promote a52f", ("rehearsal", "a52f")),
        ("inv release.promote --id a52f", ("rehearsal", "a52f")),
        ("inv release.promote a52f --site example", ("example", "a52f")),
        ("inv promote a52f", ("rehearsal", "a52f")),
    ],
)
def test_a_word_may_be_left_out(
    monkeypatch: pytest.MonkeyPatch, line: str, given: tuple[str, str]
) -> None:
    calls: list[tuple[str, str]] = []
    monkeypatch.setattr(switch, "promote", lambda site, name: calls.append((site, name)))
    typed(line)
    assert calls == [given]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("inv down --node", "--node needs a value; inv --help down shows what it takes"),
        ("inv down --nod node1", "No idea what '--nod' is; inv --help down shows what it takes"),
        ("inv dwon", "No idea what 'dwon' is; inv --list shows the tasks"),
        ("inv console", "'console' did not receive required positional arguments: 'node'"),
    ],
)
def test_a_slip_is_one_sentence_and_does_nothing(
    downed: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str], line: str, words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        Program(namespace=menu.namespace()).run(line)
    assert ended.value.code == USER_ERROR_CODE
    assert words in capsys.readouterr().err
    assert downed == []


@pytest.mark.parametrize(
    "line",
    ["--help ssh", "ssh --help", "ssh -h", "ssh node1 --help", "ssh --site example -h", "help ssh"],
)
def test_help_stands_anywhere(line: str) -> None:
    # In a process of its own: invoke uses a task's help up.
    said = run.run([sys.executable, "-m", "invoke", *line.split()], cwd=ROOT).out
    assert "ssh [--options]" in said and "Log in to a booted node" in said and "--command" in said


@pytest.mark.parametrize("door", [["./inv"], [sys.executable, "-m", "invoke"]])
def test_both_doors_have_one_menu_and_its_exit_codes(door: list[str]) -> None:
    said = run.run([*door, "--list"], cwd=ROOT).out
    assert "  bake " in said and "  release.promote " in said and "  pool.fill (pool) " in said
    assert run.run([*door, "bake", "--site", "nosuch"], cwd=ROOT, check=False).code == 2
    assert run.run([*door, "bake", "--nosuch"], cwd=ROOT, check=False).code == 2


def test_the_menu_is_found_from_a_folder_below() -> None:
    said = run.run([sys.executable, "-P", "-m", "invoke", "--list"], cwd=ROOT / "golden" / "bake")
    assert "  bake " in said.out


def test_a_python_without_the_dependencies_is_told_of_inv(tmp_path: Path) -> None:
    site = Path(invoke.__file__).parent.parent
    for place in (site / "invoke", *site.glob("invoke-*.dist-info")):
        (tmp_path / place.name).symlink_to(place)
    words = [sys.executable, "-S", "-m", "invoke", "--list"]
    said = run.run(words, cwd=ROOT, env={"PYTHONPATH": str(tmp_path)}, check=False)
    assert said.code == USER_ERROR_CODE
    assert said.out.count("\n") == 1 and "type ./inv where you typed invoke" in said.out


def test_a_closed_pipe_is_no_traceback() -> None:
    said = run.run(["sh", "-c", f"{sys.executable} -m invoke --list | head -1"], cwd=ROOT)
    assert "Traceback" not in said.out and "Error" not in said.out


def test_files_of_another_user_are_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def down(*_: object, keep: bool, connect: str) -> None:
        raise PermissionError(13, "Permission denied", str(HOME / ".cache" / "run"))

    monkeypatch.setattr(golden.boot, "down", down)
    with pytest.raises(Exit) as ended:
        booting.down(Context())
    assert ended.value.code == USER_ERROR_CODE
    assert ".cache/run: this user may not use it; run as" in capsys.readouterr().err

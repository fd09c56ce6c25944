"""What a user types, as far as the functions that it calls."""

from __future__ import annotations

import sys

import pytest
from invoke.context import Context
from invoke.exceptions import Exit

import golden.boot
import tasks
from golden import run
from golden.errors import USER_ERROR_CODE
from golden.menu import Menu
from golden.paths import HOME, ROOT
from golden.releases import switch
from tasks import booting


def typed(line: str) -> None:
    Menu(namespace=tasks.menu(), binary="./inv").run(line, exit=False)


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
        ("inv promote", ("rehearsal", "")),
        ("inv promote a52f", ("rehearsal", "a52f")),
        ("inv promote --id a52f", ("rehearsal", "a52f")),
        ("inv promote a52f --site example", ("example", "a52f")),
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
        ("inv down --node", "--node needs a value; ./inv --help down shows what it takes"),
        ("inv down --nod node1", "No idea what '--nod' is; ./inv --help down shows what it takes"),
        ("inv dwon", "No idea what 'dwon' is; ./inv --list shows the tasks"),
        ("inv console", "'console' did not receive required positional arguments: 'node'"),
    ],
)
def test_a_slip_is_one_sentence_and_does_nothing(
    downed: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str], line: str, words: str
) -> None:
    # Menu.run would end the process; what decides its exit code is raised by parse_tasks.
    menu = Menu(namespace=tasks.menu(), binary="./inv")
    menu.create_config()
    menu.parse_core(line.split())
    menu.parse_collection()
    with pytest.raises(Exit) as ended:
        menu.parse_tasks()
    assert ended.value.code == USER_ERROR_CODE
    assert words in capsys.readouterr().err
    assert downed == []


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


@pytest.mark.parametrize(
    ("task", "lines"),
    [
        ("console", ["Usage: ./inv console NODE [options]", "  -s SITE, --site=SITE   a file of"]),
        ("down", ["Usage: ./inv down [options]", "  -n NODE, --node=NODE  ", "  -k, --keep  "]),
        ("promote", ["Usage: ./inv promote [ID] [options]"]),
        ("secrets", ["Make a site's passwords"]),
    ],
)
def test_help_names_what_an_option_takes(task: str, lines: list[str]) -> None:
    # In a process of its own: invoke uses a task's help up.
    said = run.run([sys.executable, "-m", "tasks", "--help", task], cwd=ROOT).out
    assert [line for line in lines if f"\n{line}" not in f"\n{said}"] == []
    assert "STRING" not in said and "core-opts" not in said

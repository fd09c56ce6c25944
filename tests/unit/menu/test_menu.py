"""What a user types, as far as the functions that it calls."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from unittest.mock import Mock

import invoke
import pytest
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.program import Program

from golden import menu, run
from golden.boot import resuming, running
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
    monkeypatch.setattr(running, "down", lambda site, nodes, **_: calls.append(tuple(nodes)))
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


def test_power_is_cut_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bool] = []
    monkeypatch.setattr(running, "down", lambda site, nodes, *, cut, **_: calls.append(cut))
    for line in ("inv down", "inv down --cut"):
        typed(line)
    assert calls == [False, True]


def test_a_first_boot_is_resumed_on_one_node_or_all(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, tuple[str, ...]]] = []
    monkeypatch.setattr(resuming, "resume", lambda site, nodes: calls.append((site.name, nodes)))
    for line in ("inv resume", "inv resume node1 --site example"):
        typed(line)
    assert calls == [("rehearsal", ()), ("example", ("node1",))]


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
        ("inv down --keep --cut", "--keep and --cut exclude each other: give one of them"),
        ("inv secrets --lock --unlock", "--lock and --unlock exclude each other"),
        ("inv secrets --search --rotate vnc_password", "--rotate and --search exclude each other"),
        ("inv secrets --key k", "--key: only --lock and --unlock take it"),
        ("inv upgrade --undo --commit", "--undo and --commit exclude each other"),
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


RUN = str(HOME / ".cache" / "run")
FAULTS = {
    "files of another user": (errno.EACCES, RUN, ".cache/run: this user may not use it; run as"),
    "disk full": (errno.ENOSPC, RUN, ".cache/run: No space left on device: make room (./inv gc"),
    "disk full while writing": (errno.ENOSPC, None, "error: No space left on device: make room"),
    "quota": (errno.EDQUOT, "/srv/p.json", "/srv/p.json: Disk quota exceeded: make room"),
    "read-only": (errno.EROFS, "/srv/p.json", "/srv/p.json: Read-only file system: correct"),
    "broken disk": (errno.EIO, None, "Input/output error: correct that"),
    "folder where a file belongs": (errno.EISDIR, RUN, ".cache/run: Is a directory: correct"),
    "another file system": (errno.EXDEV, RUN, ".cache/run: Invalid cross-device link: correct"),
}


def failing(monkeypatch: pytest.MonkeyPatch, number: int, file: str | None) -> None:
    """Let `inv down` end in that OSError."""

    def down(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), file)

    monkeypatch.setattr(running, "down", down)


@pytest.mark.parametrize(("number", "file", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_of_the_host_is_one_message(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
    file: str | None,
    words: str,
) -> None:
    failing(monkeypatch, number, file)
    with pytest.raises(Exit) as ended:
        booting.down(Context())
    assert ended.value.code == USER_ERROR_CODE
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(("number", "file"), [(errno.ENOENT, RUN), (errno.EACCES, "/elsewhere")])
def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, number: int, file: str) -> None:
    failing(monkeypatch, number, file)
    with pytest.raises(OSError, match=r"No such file|Permission denied"):
        booting.down(Context())


def invoked(folder: Path, *words: str, **env: str) -> run.Result:
    """What `./inv` says for `words` that are typed in `folder`."""
    inv = [sys.executable, "-P", "-m", "invoke", "--search-root", ROOT]
    return run.run([*inv, *words], cwd=folder, env=env, check=False)


def test_a_file_to_read_is_the_caller_s(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text("{}")
    said = invoked(tmp_path, "bake", "--plan", "p.json")
    assert said.code == USER_ERROR_CODE
    assert "p.json: this is no plan" in said.out and "No such file" not in said.out


def test_a_file_to_write_is_the_caller_s(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "etc").mkdir(parents=True)
        (tmp_path / name / "etc" / "x").write_text(name)
    said = invoked(tmp_path, "diff", "a", "b", "--html", "page.html")
    assert said.code == 0, said.out
    assert (tmp_path / "page.html").is_file() and "page: page.html" in said.out


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("inv plan --out p.json", "golden.bake.planfile.write"),
        ("inv pool.export pool.tar", "golden.lock.bundle.pack"),
    ],
)
def test_a_path_reaches_its_writer_as_it_was_typed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, place: str
) -> None:
    given: list[object] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(place, lambda *values: given.extend(values))
    monkeypatch.setattr("golden.bake.plan", lambda *_, **__: Mock())
    monkeypatch.setattr("golden.bake.planning.show", lambda _: None)
    typed(line)
    assert tmp_path / line.split()[-1] in [
        value.absolute() for value in given if isinstance(value, Path)
    ]


@pytest.mark.parametrize("task", ["coverage", "release.list", "status"])
def test_any_terminal_will_do(task: str, tmp_path: Path) -> None:
    home = {"GOLDEN_HOME": str(tmp_path), "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for terminal in ({"LC_ALL": "C"}, {"PYTHONIOENCODING": "iso-8859-1"}, {"NO_COLOR": "1"}):
        said = invoked(ROOT, task, COLUMNS="60", **home, **terminal)
        assert said.code == 0 and "Traceback" not in said.out, said.out


def test_a_long_table_into_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    line = f"{sys.executable} -m invoke coverage | head -1"
    said = run.run(["sh", "-c", line], cwd=ROOT, env={"GOLDEN_HOME": str(tmp_path)})
    assert said.out.startswith("id\tphase") and said.out.count("\n") == 1

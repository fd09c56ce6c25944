"""The wrapper that runs /etc/gunicorn.d where Debian no longer ships one."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import subprocess
from pathlib import Path
from typing import Any

import pytest

from golden.paths import IMAGES
from tests.unit.pythons import PYTHONS

PROGRAM = IMAGES / "roles/gunicorn/files.bookworm/usr/sbin/gunicorn-debian.j2"
CONFIG = """\
CONFIG = {
    "mode": "wsgi",
    "working_dir": "/srv/app",
    "user": "synnefo",
    "group": "synnefo",
    "environment": {"DJANGO_SETTINGS_MODULE": "app.settings"},
    "args": ("--workers=8", "app.wsgi"),
}
"""


class Recorder:
    """Stands for subprocess.call: keeps what was asked for and says it went well."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.environment: dict[str, str] = {}
        self.code = 0

    def __call__(self, command: list[str], env: dict[str, str] | None = None) -> int:
        self.commands.append(command)
        self.environment = env or {}
        return self.code


@pytest.fixture
def wrapper(tmp_path: Path) -> Any:
    loader = importlib.machinery.SourceFileLoader("gunicorn_debian", str(PROGRAM))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    values: dict[str, Any] = vars(module)
    places = {name: str(tmp_path / name.lower()) for name in ("CONFIGS", "PIDS", "LOGS")}
    programs = {mode: str(tmp_path / mode) for mode in values["PROGRAMS"]}
    values.update(**places, PROGRAMS=programs)
    (tmp_path / "configs").mkdir()
    for program in programs.values():
        Path(program).touch(mode=0o755)
    return module


@pytest.fixture
def calls(wrapper: Any, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(wrapper.subprocess, "call", recorder)
    return recorder


def write(wrapper: Any, name: str, text: str = CONFIG) -> None:
    Path(wrapper.CONFIGS, name).write_text(text)


def test_an_application_is_started_as_its_file_says(wrapper: Any, calls: Recorder) -> None:
    write(wrapper, "synnefo")
    assert wrapper.main(["start"]) == 0
    (command,) = calls.commands
    daemon, gunicorn = command[: command.index("--")], command[command.index("--") + 1 :]
    assert daemon[0] == "start-stop-daemon"
    assert daemon[daemon.index("--chdir") + 1] == "/srv/app"
    assert gunicorn[gunicorn.index("--user") + 1] == "synnefo"
    # The file's own arguments come last: gunicorn takes the last of two, and the application ends.
    assert gunicorn[-2:] == ["--workers=8", "app.wsgi"]
    assert calls.environment["DJANGO_SETTINGS_MODULE"] == "app.settings"


@pytest.mark.parametrize("mode", ["wsgi", "django"])
def test_each_mode_has_its_program(wrapper: Any, calls: Recorder, mode: str) -> None:
    write(wrapper, "synnefo", CONFIG.replace('"wsgi"', repr(mode)))
    assert wrapper.main(["start"]) == 0
    (command,) = calls.commands
    assert command[command.index("--startas") + 1] == wrapper.PROGRAMS[mode]


def test_a_mode_that_this_gunicorn_lacks_is_refused(wrapper: Any, calls: Recorder) -> None:
    """gunicorn_django went after 19.6; start-stop-daemon would say nothing of it."""
    write(wrapper, "synnefo", CONFIG.replace('"wsgi"', '"django"'))
    Path(wrapper.PROGRAMS["django"]).unlink()
    with pytest.raises(SystemExit, match="this gunicorn has no mode 'django'"):
        wrapper.main(["start"])
    assert calls.commands == []


@pytest.mark.parametrize("python", PYTHONS)
def test_it_runs_under_every_python_of_a_node(python: str) -> None:
    found = subprocess.run([PYTHONS[python], str(PROGRAM), "begin"], capture_output=True, text=True)
    assert found.returncode == 2 and "usage: gunicorn-debian" in found.stderr


@pytest.mark.parametrize("name", ["synnefo.example", "synnefo~", "_off", "synnefo.dpkg-dist"])
def test_examples_and_backups_are_no_applications(wrapper: Any, calls: Recorder, name: str) -> None:
    write(wrapper, name)
    assert wrapper.main(["start"]) == 0
    assert calls.commands == []


def test_status_tells_that_one_of_two_is_down(wrapper: Any, calls: Recorder) -> None:
    write(wrapper, "a")
    write(wrapper, "b")
    calls.code = 3
    assert wrapper.main(["status"]) == 3
    assert len(calls.commands) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "sets no dict CONFIG"),
        ("CONFIG = {'mode': 'paste'}", "mode must be one of django, wsgi"),
        ("CONFIG = {'mode': 'wsgi', 'usr': 'x'}", "unknown key 'usr'; valid: args, environment"),
    ],
)
def test_a_file_that_cannot_work_is_refused(
    wrapper: Any, calls: Recorder, text: str, message: str
) -> None:
    write(wrapper, "synnefo", text)
    with pytest.raises(SystemExit, match=message):
        wrapper.main(["start"])
    assert calls.commands == []


def test_an_unknown_action_is_a_usage_error(wrapper: Any, calls: Recorder) -> None:
    assert wrapper.main(["begin"]) == 2
    assert calls.commands == []

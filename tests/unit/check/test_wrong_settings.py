"""A wrong setting in the rendered files: the stand-ins refuse it, and named checks turn red.

The files are those of the rehearsal, with made-up secrets; the loader is that of the stand-ins.
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden import check, paths, run
from golden.definition import load
from golden.keys import secrets
from golden.report import Outcome
from tests.unit.check import healthy
from tests.unit.images import synnefo_files
from tests.unit.standins.unpacked import unpacked

WITHOUT = "snf-pithos-app:snf-pithos-webclient"
# What the settings do with the driver of the database is not what is tried here.
LOAD = """
import sys, unittest.mock
for name in ("psycogreen", "psycogreen.gevent", "psycopg2", "psycopg2.extensions", "psycopg2.pool"):
    sys.modules[name] = unittest.mock.MagicMock()
from synnefo import settings
settings.load()
"""
MAIL = "/var/spool/synnefo/mail"
NODE1 = "https://node1.rehearsal.test"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-ins' Python packages."""
    return unpacked(tmp_path_factory.mktemp("standins")) / "usr/lib/python3/dist-packages"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """node1's /etc/synnefo as first boot leaves it; mails go elsewhere."""
    folder = tmp_path / "synnefo"
    folder.mkdir()
    for name, text in synnefo_files.conf(synnefo_files.files("rehearsal", "node1")).items():
        (folder / name).write_text(text.replace(MAIL, str(tmp_path)))
    return folder


def said(packages: Path, settings: Path) -> run.Result:
    """What every command of Synnefo says first, when it reads its settings."""
    env = {"PYTHONPATH": str(packages), "SYNNEFO_SETTINGS_DIR": str(settings)}
    env |= {"SYNNEFO_EXCLUDE_PACKAGES": WITHOUT, "PYTHONDONTWRITEBYTECODE": "1"}
    return run.run([sys.executable, "-c", LOAD], env=env, check=False)


def break_setting(settings: Path, name: str, old: str, new: str) -> None:
    text = (settings / name).read_text()
    changed = re.sub(old, new, text, count=1)
    assert changed != text, f"{name} has nothing like {old}"
    (settings / name).write_text(changed)


def test_the_rendered_settings_are_accepted(packages: Path, settings: Path) -> None:
    assert said(packages, settings).code == 0, said(packages, settings).out


WRONG = [
    ("20-snf-cyclades-app-api.conf", f"{NODE1}/astakos", f"{NODE1}/accounts", "ASTAKOS_AUTH_URL"),
    ("20-snf-cyclades-app-cloudbar.conf", NODE1, "https://other.example", "CLOUDBAR_"),
    ("20-snf-cyclades-app-queues.conf", "amqp://", "http://", "AMQP_HOSTS"),
    ("20-snf-cyclades-app-vmapi.conf", "VMAPI_CACHE_BACKEND", "VMAPI_CACHE_BACKENDS", "VMAPI_"),
    ("20-snf-cyclades-app-plankton.conf", r"synnefo:\w+@", "synnefo:wrong@", "password"),
    ("20-snf-cyclades-app-api.conf", r"SECRET_ENCRYPTION_KEY = .*", "", "SECRET_ENCRYPTION_KEY"),
]


@pytest.mark.parametrize(("name", "old", "new", "told"), WRONG, ids=[one[3] for one in WRONG])
def test_a_wrong_setting_is_refused_by_its_name(
    packages: Path, settings: Path, name: str, old: str, new: str, told: str
) -> None:
    break_setting(settings, name, old, new)
    found = said(packages, settings)
    assert (found.code, told in found.out) == (1, True), found.out


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("GOLDEN_HOME", str(tmp_path))
    monkeypatch.setattr(secrets, "SECRETS", tmp_path / ".secrets")
    monkeypatch.setattr(paths, "SECRETS", tmp_path / ".secrets")
    monkeypatch.setattr(check, "CACHE", tmp_path / ".cache")
    yield tmp_path


def test_a_refused_setting_turns_the_checks_of_commands_red(
    home: Path, packages: Path, settings: Path
) -> None:
    break_setting(settings, *WRONG[0][:3])
    refusal = said(packages, settings).out
    site = load("rehearsal")
    documents = copy.deepcopy(healthy.write(home / "facts", site, secrets.ensure(site)))
    for label, answer in documents["node1"]["cloud"].items():
        if not label.startswith(("gnt-", "kamaki ")):
            answer.update(code=1, out=refusal)
    healthy.save(home / "facts", documents)
    report = check.run("rehearsal", (), home / "checks.xml", home / "facts")
    failed = {one.name.partition("[")[0]: one for one in report.outcomes if one.state == "failed"}
    assert tells(failed["cluster_is_a_backend_in_use"], "ASTAKOS_AUTH_URL")
    assert tells(failed["component_has_the_site_s_token"], "ASTAKOS_AUTH_URL")
    assert tells(failed["dispatcher_reaches_broker_and_backend"], "ASTAKOS_AUTH_URL")


def tells(outcome: Outcome, word: str) -> bool:
    assert word in outcome.reason, outcome.reason
    return True

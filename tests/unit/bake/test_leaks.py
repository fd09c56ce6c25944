"""A secret in any form, in any file that a bake makes, fails the bake; its value is not shown."""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib
import json
import shlex
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest

from golden import paths, run
from golden.bake import leaks
from golden.errors import StageError
from golden.keys import marks, secrets
from tests.checks.eventually import eventually

# As random as those that are made, and with every letter that a quoting changes.
CANARY = "c4n'ary/&?+\"pass word%9"
Form = Callable[[bytes], bytes]
FORMS: dict[str, Form] = {
    "raw": lambda raw: raw,
    "base64": base64.b64encode,
    "base64 behind a user": lambda raw: base64.b64encode(b"root:" + raw),
    "base64 between": lambda raw: base64.b64encode(b"user=x " + raw + b" more"),
    "hex": lambda raw: raw.hex().encode(),
    "URL": lambda raw: urllib.parse.quote(raw, safe="").encode(),
    "form": lambda raw: urllib.parse.quote_plus(raw).encode(),
    "shell": lambda raw: shlex.quote(raw.decode()).encode(),
    "JSON": lambda raw: json.dumps(raw.decode()).encode(),
    "md5": lambda raw: hashlib.md5(raw).hexdigest().encode(),
    "PostgreSQL": lambda raw: b"md5" + hashlib.md5(raw + b"synnefo").hexdigest().encode(),
    "HA1": lambda raw: hashlib.md5(b"synnefo:Ganeti Remote API:" + raw).hexdigest().encode(),
    "gzip": gzip.compress,
}


@pytest.fixture
def known(tmp_path: Path) -> dict[bytes, str]:
    """The marks of a site whose secrets are canaries, each slot another, and of a key."""
    folder = tmp_path / "secrets/lab"
    folder.mkdir(parents=True)
    values = {name: f"{CANARY}{name}" for name in secrets.LENGTHS}
    stored = {"generation": "g", "created": 1, "values": values}
    (folder / "secrets.json").write_text(json.dumps(stored))
    (folder / "node1.tls.key").write_bytes(secrets.pem(secrets._new_ecdsa()))
    return marks.of_site("lab", folder.parent)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("slot", ["database_password", "smtp_password"])
def test_a_canary_in_any_form_is_found(
    tmp_path: Path, known: dict[bytes, str], form: str, slot: str
) -> None:
    name = "log.gz" if form == "gzip" else "synnefo.conf"
    file = tmp_path / "tree/etc" / name
    file.parent.mkdir(parents=True)
    file.write_bytes(FORMS[form](f"{CANARY}{slot}".encode()))
    assert leaks.search([tmp_path / "tree"], known) == {str(file): slot}


def test_every_slot_and_key_has_marks(known: dict[bytes, str]) -> None:
    assert set(known.values()) == {*secrets.LENGTHS, "node1.tls.key"}


def test_what_fails_names_the_file_and_not_the_secret(
    tmp_path: Path, known: dict[bytes, str]
) -> None:
    file = tmp_path / "tree/var/x"
    file.parent.mkdir(parents=True)
    file.write_text(f"a {CANARY}vnc_password z")
    with pytest.raises(StageError) as caught:
        leaks.require_none([tmp_path / "tree"], known)
    said = str(caught.value)
    assert f"{file} holds the secret vnc_password (1 such files)" in said
    assert CANARY not in said
    file.unlink()
    leaks.require_none([tmp_path / "tree"], known)


def test_only_folders_of_packages_are_left_out(tmp_path: Path) -> None:
    for name in ("usr/bin", "usr/local/bin", "usr/lib", "usr/src", "etc", "boot", "srv"):
        (tmp_path / name).mkdir(parents=True)
    found = {str(path.relative_to(tmp_path)) for path in leaks.parts(tmp_path)}
    assert found == {"usr/local", "usr/src", "etc", "srv"}


def test_the_password_of_a_proxy_is_one_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("golden.paths.SECRETS", tmp_path)
    config = tmp_path / "apt.conf"
    config.write_text('Acquire::http::Proxy "http://me:pr0xypassword@proxy.example:3128/";\n')
    known = leaks.of_bake("lab", config)
    assert known[b"pr0xypassword"] == "a proxy's password"


def test_a_canary_that_the_docker_engine_tells_is_found(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, known: dict[bytes, str]
) -> None:
    monkeypatch.setattr("golden.paths.SECRETS", own_home / "secrets")
    told = {"container n1": json.dumps({"Env": [f"TOKEN={CANARY}pithos_token"]}).encode()}
    monkeypatch.setattr("golden.boot.container.told", lambda site: told)
    with pytest.raises(StageError, match="container n1 shows the secret pithos_token"):
        leaks.show("lab")


@pytest.mark.parametrize("redacts", [True, False])
def test_a_log_of_first_boot_is_red_when_nothing_is_blanked_out(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, known: dict[bytes, str], redacts: bool
) -> None:
    monkeypatch.setattr("golden.paths.SECRETS", own_home / "secrets")
    monkeypatch.syspath_prepend(str(paths.SCRIPTS / "firstboot"))
    journal = importlib.import_module("engine.journal")
    if not redacts:
        monkeypatch.setattr(journal.Journal, "redacted", lambda _, text: text)
    word = f"{CANARY}user_password"
    log = journal.Journal(str(paths.CACHE / "run/lab/node1/firstboot.log"))
    log.hide([word])
    log.write(f"+ snf-manage user-add --password={word} user@lab.test")
    if redacts:
        leaks.show("lab")
    else:
        with pytest.raises(StageError, match=r"firstboot\.log holds the secret user_password"):
            leaks.show("lab")


def test_a_canary_in_a_log_a_report_or_a_command_line_is_found(
    own_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("golden.paths.RENDERED", own_home / "rendered")
    folder = paths.SECRETS / "lab"
    folder.mkdir()
    stored = {"values": {"vnc_password": "c4naryC4nary77"}}
    (folder / "secrets.json").write_text(json.dumps(stored))
    leaks.show("lab")
    assert "none of its secrets is in 0 files" in capsys.readouterr().out
    for file in (
        paths.CACHE / "log/boot.log",
        paths.ARTIFACTS / "lab/report/index.html",
        paths.RENDERED / "lab/node1/conf",
    ):
        file.parent.mkdir(parents=True)
        file.write_text("password: c4naryC4nary77\n")
        with pytest.raises(StageError, match=f"{file} holds the secret vnc_password"):
            leaks.show("lab")
        file.unlink()
    child = run.start(["sh", "-c", "sleep 30; :", "c4naryC4nary77"], stage="test")
    try:
        # The kernel has a program's words a moment after it has begun.
        assert eventually(
            lambda: b"sleep" in Path(f"/proc/{child.pid}/cmdline").read_bytes(), 30, 0
        )
        with pytest.raises(StageError, match="shows the secret vnc_password"):
            leaks.show("lab")
    finally:
        run.end(child)

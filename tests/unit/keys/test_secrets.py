from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from golden.errors import UserError
from golden.keys import secrets
from golden.paths import ROOT
from tests.unit.small_site import small_site

SITE = small_site()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(secrets, "SECRETS", tmp_path / ".secrets")
    return tmp_path / ".secrets"


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_every_password_is_random_and_alphanumeric() -> None:
    values = secrets.ensure(SITE).values
    assert {name: len(value) for name, value in values.items()} == dict(secrets.LENGTHS)
    assert all(re.fullmatch("[A-Za-z0-9]+", value) for value in values.values())
    assert len(set(values.values())) == len(values)


def test_folder_and_files_are_private(home: Path) -> None:
    folder = secrets.ensure(SITE).folder
    assert folder == home / "small"
    assert folder.stat().st_mode & 0o7777 == 0o700
    assert {file.stat().st_mode & 0o7777 for file in folder.iterdir()} == {0o600}


def test_a_second_run_changes_nothing() -> None:
    first = secrets.ensure(SITE)
    before = contents(first.folder)
    assert secrets.ensure(SITE) == first
    assert contents(first.folder) == before


def test_only_what_is_missing_is_made() -> None:
    first = secrets.ensure(SITE)
    stored = json.loads((first.folder / "secrets.json").read_text())
    del stored["values"]["rapi_password"]
    secrets.write_private(first.folder / "secrets.json", json.dumps(stored).encode())
    (first.folder / "n1.host_rsa.pub").unlink()
    second = secrets.ensure(SITE)
    assert second.values["rapi_password"] != first.values["rapi_password"]
    assert dict(second.values, rapi_password="") == dict(first.values, rapi_password="")
    assert second.generation == first.generation
    assert secrets.known_hosts(SITE, second) == secrets.known_hosts(SITE, first)


def test_leftovers_of_a_killed_run_go_away() -> None:
    folder = secrets.ensure(SITE).folder
    (folder / ".secrets.json.x1").write_text("half")
    secrets.ensure(SITE)
    assert not list(folder.glob(".*"))


def test_two_runs_at_once_make_one_set() -> None:
    made: list[secrets.Secrets] = []
    threads = [threading.Thread(target=lambda: made.append(secrets.ensure(SITE))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len({one.generation for one in made}) == 1


@pytest.mark.parametrize("name,mode", [("secrets.json", 0o644), ("", 0o755)])
def test_a_file_others_can_read_is_refused(name: str, mode: int) -> None:
    folder = secrets.ensure(SITE).folder
    (folder / name).chmod(mode)
    with pytest.raises(UserError, match=r"mode 0(644|755).*chmod [67]00 "):
        secrets.load(SITE)
    with pytest.raises(UserError, match="others"):
        secrets.ensure(SITE)


def test_load_says_how_to_make_them() -> None:
    with pytest.raises(UserError, match=r"./inv secrets --site small"):
        secrets.load(SITE)


def test_ssh_reads_the_keys() -> None:
    made = secrets.ensure(SITE)
    for private in (made.operator_key, made.root_key, made.host_key("n2", "ecdsa")):
        command = ["ssh-keygen", "-y", "-P", "", "-f", private]
        derived = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        public = private.with_name(private.name + ".pub").read_text().split()
        assert derived[:2] == public[:2]
    assert made.root_key.read_text().startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert made.operator_key.read_text().startswith("-----BEGIN EC PRIVATE KEY-----")


def test_known_hosts_names_each_node_by_every_name() -> None:
    text = secrets.known_hosts(SITE, secrets.ensure(SITE))
    assert [line.split()[:2] for line in text.splitlines()] == [
        ["n1.small.example,n1,198.51.100.1", "ssh-rsa"],
        ["n1.small.example,n1,198.51.100.1", "ecdsa-sha2-nistp256"],
        ["n2.small.example,n2,198.51.100.2", "ssh-rsa"],
        ["n2.small.example,n2,198.51.100.2", "ecdsa-sha2-nistp256"],
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"values": {\n "a": "hush"', r"secrets\.json:2: not JSON"),
        ('{"values": {"a": "hush"}}', "must hold generation, created"),
        ("[]", "must hold generation, created"),
    ],
)
def test_a_damaged_file_is_said_not_shown_nor_changed(text: str, words: str) -> None:
    file = secrets.ensure(SITE).folder / "secrets.json"
    file.write_text(text)
    for work in (secrets.ensure, secrets.load):
        with pytest.raises(UserError, match=words) as caught:
            work(SITE)
        assert "hush" not in str(caught.value)
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("smtp_password", 12345678, "one line of text, in quotes"),
        ("smtp_password", None, "one line of text"),
        ("smtp_password", "", "one line of text"),
        ("smtp_password", "hush\nhush", "one line of text"),
        ("collectd_password", "hush ", "without a space"),
        ("user_password", "-hush", "without a space or '-'"),
        ("vnc_password", "@@SECRET:py:hush@@", "one line of text"),
        ("pithos_token", "hüsh", "at most 64 letters of ASCII"),
        ("rapi_password", "hüsh", "one line of ASCII text"),
        ("encryption_key", "h" * 33, "at most 32 letters of ASCII"),
    ],
)
def test_a_secret_that_no_node_can_use_is_named_not_shown(
    name: str, text: object, words: str
) -> None:
    file = secrets.ensure(SITE).folder / "secrets.json"
    stored = json.loads(file.read_text())
    stored["values"][name] = text
    file.write_text(json.dumps(stored, indent=1))
    line = next(i for i, row in enumerate(file.read_text().splitlines(), 1) if f'"{name}"' in row)
    with pytest.raises(UserError, match=words) as caught:
        secrets.ensure(SITE)
    assert f"secrets.json:{line}: {name} must be" in str(caught.value)
    assert "ush" not in str(caught.value)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    secrets.ensure(SITE)
    assert capfd.readouterr() == ("", "")


def test_a_killed_run_leaves_no_half_file(tmp_path: Path) -> None:
    """SIGKILL between write and rename: the target is absent and the next run completes."""
    code = (
        "import os, signal, pathlib\n"
        "from golden.keys import secrets\n"
        "from small_site import small_site\n"
        "secrets.SECRETS = pathlib.Path(os.environ['HERE'])\n"
        "os.fsync = lambda fd: os.kill(os.getpid(), signal.SIGKILL)\n"
        "secrets.ensure(small_site())\n"
    )
    env = {"HERE": str(tmp_path / ".secrets"), "PYTHONPATH": f"{ROOT}:{ROOT / 'tests/unit'}"}
    killed = subprocess.run([sys.executable, "-c", code], env=env, check=False)
    assert killed.returncode == -9
    assert not (tmp_path / ".secrets/small/secrets.json").exists()
    assert set(secrets.ensure(SITE).values) == set(secrets.LENGTHS)


def test_one_secret_is_made_anew_and_counted() -> None:
    before = secrets.ensure(SITE)
    after = secrets.renew(SITE, "vnc_password")
    changed = {name for name in before.values if before.values[name] != after.values[name]}
    assert changed == {"vnc_password"}
    assert (before.rotation, after.rotation) == (0, 1)
    assert after == secrets.load(SITE) == secrets.ensure(SITE)


def test_what_others_gave_out_is_counted_and_stays() -> None:
    before = secrets.ensure(SITE)
    after = secrets.renew(SITE, "smtp_password")
    assert after.values == before.values and after.rotation == 1


def test_a_set_from_before_rotations_has_had_none() -> None:
    file = secrets.ensure(SITE).folder / "secrets.json"
    stored = json.loads(file.read_text())
    del stored["rotation"]
    file.write_text(json.dumps(stored))
    assert secrets.load(SITE).rotation == 0
    assert secrets.renew(SITE, "vnc_password").rotation == 1

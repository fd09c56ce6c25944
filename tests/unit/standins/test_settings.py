"""The settings loader refuses what upstream would accept silently."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from golden import run

Load = Callable[[], run.Result]
API = "20-snf-cyclades-app-api.conf"
DATABASE = "10-snf-webproject-database.conf"


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_good_settings_load(load: Load) -> None:
    result = load()
    assert (result.code, result.out) == (0, "")


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (API, "CYCLADES_BASE_URL", "CYCLADES_BASE_ULR", "did you mean CYCLADES_BASE_URL?"),
        (API, "CYCLADES_BASE_URL", "CYCLADES_BASE_ULR", "required setting CYCLADES_BASE"),
        (API, "'encryptionKey1'", "'x' * 33", "SECRET_ENCRYPTION_KEY must be a string of 8 to 32"),
        (API, "'encryptionKey1'", "'Password Encryption Key'", "is a public example"),
        (API, "'cycladesToken1'", "'@@SECRET:cyclades_token@@'", "is a public example or a placeh"),
        (API, "[{", "{", "Failed to read settings file"),
        (
            API,
            "'strict': False",
            "'strikt': False",
            "CYCLADES_VNCAUTHPROXY_OPTS [0] must be a dict of",
        ),
        (API, "identity/v2.0", "identity/v3", "ASTAKOS_AUTH_URL does not fit ASTAKOS_BASE_URL"),
        (DATABASE, "_psycopg2", "", "ENGINE"),
        (DATABASE, "50%", "60%", "same user, other password"),
        (DATABASE, "'PORT'", "'OPTIONS': {'synnefo_poolsize': 8}, 'PORT'", "without monkey_patch"),
        ("10-snf-webproject-deploy.conf", "'k' * 40", "'short'", "SECRET_KEY must be a string"),
        ("20-snf-cyclades-app-queues.conf", "brokerpw1", "brokerpw2", "AMQP_HOSTS differs from"),
        ("20-snf-cyclades-app-cloudbar.conf", "node1", "node2", "CLOUDBAR_LOCATION differs from"),
        ("20-snf-astakos-app-settings.conf", "'.reh", "'reh", "must be a cookie_domain"),
        ("00-snf-common-admins.conf", "ADMINS = (", "ADMINS = [", "Failed to read settings file"),
        ("00-snf-common-admins.conf", "filebased", "dummy", "EMAIL_BACKEND must be a mail_backend"),
    ],
)
def test_wrong_settings_are_refused(
    load: Load, settings: Path, name: str, old: str, new: str, message: str
) -> None:
    change(settings, name, old, new)
    result = load()
    assert result.code == 1
    assert message in result.out
    assert name in result.out or "required setting" in result.out


def test_all_problems_are_listed_and_no_secret(load: Load, settings: Path) -> None:
    change(settings, API, "'encryptionKey1'", "'secretword' * 9")
    change(settings, DATABASE, "'ENGINE'", "'ENGIN'")
    result = load()
    assert "SECRET_ENCRYPTION_KEY" in result.out
    assert "DATABASES" in result.out
    assert "secretword" not in result.out


def test_a_local_file_may_override_and_other_files_are_ignored(load: Load, settings: Path) -> None:
    (settings / "99-local.conf").write_text("DEFAULT_MAC_FILTERED_BRIDGE = 'prv0'\n")
    (settings / "x.conf~").write_text("syntax error(")
    (settings / "gunicorn-hooks").mkdir()
    assert load().code == 0


def test_a_name_may_come_from_an_earlier_file(load: Load, settings: Path) -> None:
    change(settings, API, "'br2'", "ADMINS and 'br2'")
    assert load().code == 0

"""Any printable text as secret and variable: every rendered file is read back with that value."""

from __future__ import annotations

import subprocess
from typing import Any
from unittest import mock
from urllib.parse import unquote, urlsplit

from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from golden.keys import secrets
from tests.unit.images import synnefo_files

TEXT = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=24)
# What a site may write in any way, as opposed to numbers, addresses and mail addresses.
VARIABLES = ("mail_subject_prefix", "mail_smtp_user", "recaptcha_public_key", "snf_image_kvm")
SETTINGS = {
    "EMAIL_HOST_PASSWORD": "smtp_password",
    "SECRET_KEY": "webproject_secret",
    "CYCLADES_SERVICE_TOKEN": "cyclades_token",
    "SECRET_ENCRYPTION_KEY": "encryption_key",
    "CYCLADES_STATS_SECRET_KEY": "stats_secret",
    "ASTAKOS_RECAPTCHA_PRIVATE_KEY": "recaptcha_private_key",
}


def evaluated(script: str, name: str) -> str:
    """What the shell's variable `name` holds once `script` was sourced."""
    words = ["sh", "-c", f'eval "$0"; printf %s "${name}"', script]
    return subprocess.run(words, capture_output=True, check=True).stdout.decode()


def password(url: str) -> str:
    return unquote(urlsplit(url).password or "")


def each(text: str, values: dict[str, str], kind: str) -> tuple[dict[str, Any], str]:
    """All settings of a `kind`, and its /etc/default/snf-image, with `text` as every variable."""
    variables = dict.fromkeys(VARIABLES, text) | {
        "mail_backend": "smtp",
        "recaptcha_enabled": True,
        "mail_admins": ("Zoë O'Neill <zoe.o'neill@lab.test>",),
    }
    rendered = synnefo_files.changed("rehearsal", kind, **variables)
    with mock.patch.object(synnefo_files, "VALUES", values):
        image = synnefo_files.filled(rendered["/etc/default/snf-image"])
        return synnefo_files.settings(rendered), image


@given(TEXT, TEXT)
@example("it's#1\\new", "pass\\new")
@example("p@ss:w/rd", "50%")
@example("@@SECRET:py:x@", '~"$(id)`')
@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_value_is_read_back(text: str, other: str) -> None:
    values = {name: text + other[: index % 7] for index, name in enumerate(secrets.LENGTHS)}
    found, image = each(other, values, "node1")
    assert {name: found[name] for name in SETTINGS} == {
        name: values[key] for name, key in SETTINGS.items()
    }
    assert found["EMAIL_SUBJECT_PREFIX"] == found["EMAIL_HOST_USER"] == other
    assert found["ASTAKOS_RECAPTCHA_PUBLIC_KEY"] == other
    assert found["ADMINS"] == (("Zoë O'Neill", "zoe.o'neill@lab.test"),)
    assert found["DATABASES"]["default"]["PASSWORD"] == values["database_password"]
    assert found["CYCLADES_VNCAUTHPROXY_OPTS"][0]["auth_password"] == values["vnc_password"]
    assert password(found["BACKEND_DB_CONNECTION"]) == values["database_password"]
    assert password(found["AMQP_HOSTS"][0]) == values["rabbitmq_password"]
    assert password(evaluated(image, "PITHOS_DB")) == values["database_password"]
    if other:
        assert evaluated(image, "KVM") == other


@given(TEXT)
@example("it's#1\\new")
@hypothesis_settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_pithos_reads_back_its_own(text: str) -> None:
    found, _ = each("", dict.fromkeys(secrets.LENGTHS, text), "node2")
    assert found["PITHOS_SERVICE_TOKEN"] == text
    assert found["PITHOS_OAUTH2_CLIENT_CREDENTIALS"] == ("pithos-view", text)
    assert password(found["PITHOS_BACKEND_DB_CONNECTION"]) == text

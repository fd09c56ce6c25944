"""Mail by SMTP, the guide's way: what is rendered, against a real server that asks for a login."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from golden import run
from golden.definition import load
from tests.unit.images.synnefo_files import changed, conf, secret
from tests.unit.standins.unpacked import unpacked

# What Astakos does when a user is accepted: its own mail function, of the stand-in.
SEND = """
import sys, unittest.mock
for name in ("psycogreen", "psycogreen.gevent", "psycopg2", "psycopg2.extensions", "psycopg2.pool",
             "werkzeug", "werkzeug.security"):
    sys.modules[name] = unittest.mock.MagicMock()
from synnefo import settings
from astakos import users
users._mail(settings.load(), "user@example.com", "Welcome")
"""


class Mailbox:
    """Keeps what was delivered by who logged in."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(envelope)
        return "250 OK"


def authenticate(_: Any, __: Any, ___: Any, ____: str, given: LoginPassword) -> AuthResult:
    right = (given.login, given.password) == (b"smtpuser", secret("smtp_password").encode())
    return AuthResult(success=right)


@pytest.fixture
def server() -> Iterator[Controller]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(
        Mailbox(),
        hostname="127.0.0.1",
        port=port,
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=False,
    )
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(tmp_path_factory.mktemp("standins")) / "usr/lib/python3/dist-packages"


def send(packages: Path, folder: Path, **override: str) -> run.Result:
    rendered = changed("rehearsal", "node1", mail_backend="smtp", mail_smtp_user="smtpuser")
    for name, text in conf(rendered).items():
        (folder / name).write_text(text)
    lines = "".join(f"{key} = {value}\n" for key, value in override.items())
    (folder / "99-z.conf").write_text(lines)
    env = {"PYTHONPATH": str(packages), "SYNNEFO_SETTINGS_DIR": str(folder)}
    env["SYNNEFO_EXCLUDE_PACKAGES"] = "snf-pithos-app:snf-pithos-webclient"
    return run.run([sys.executable, "-B", "-c", SEND], env=env, check=False)


def place(server: Controller) -> dict[str, str]:
    """Where the server of the test is: of the rendered settings nothing else is changed."""
    return {"EMAIL_HOST": "'127.0.0.1'", "EMAIL_PORT": str(server.port)}


def test_mail_is_delivered_with_the_site_s_login(
    packages: Path, server: Controller, tmp_path: Path
) -> None:
    sent = send(packages, tmp_path, **place(server))
    assert sent.code == 0, sent.out
    (mail,) = server.handler.mails
    message = message_from_bytes(mail.content)
    assert mail.rcpt_tos == ["user@example.com"]
    variables = load("rehearsal").variables
    assert message["From"] == variables["mail_errors_from"] != variables["mail_from"]
    assert message["Subject"] == f"{variables['mail_subject_prefix']}Welcome"


def test_a_wrong_password_is_refused(packages: Path, server: Controller, tmp_path: Path) -> None:
    sent = send(packages, tmp_path, EMAIL_HOST_PASSWORD="'wrong'", **place(server))
    assert sent.code != 0
    assert server.handler.mails == []

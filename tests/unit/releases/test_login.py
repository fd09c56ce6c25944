"""What a registry is told of who asks, and over what: nothing to others, nothing in the clear."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from golden.errors import StageError, UserError
from golden.releases.login import Login
from golden.releases.pull import pull
from golden.releases.push import push
from golden.releases.registry import Registry, reference
from tests.unit.releases import baked
from tests.unit.releases.baked import SITE
from tests.unit.releases.registry_daemon import PASSWORD, USER, running


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without a login; the folder of his Docker configuration."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "docker").mkdir()
    return tmp_path / "docker"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("registry") / "guarded", guarded=True) as host:
        yield host


def log_in(folder: Path, host: str, **more: str) -> None:
    """As `docker login` leaves it."""
    known = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    config = {"auths": {host: {"auth": known, **more}}}
    (folder / "config.json").write_text(json.dumps(config))


def test_a_login_of_docker_is_used(
    guarded: str, nobody: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = baked.bake("1")
    with pytest.raises(UserError, match=f"refuses this user; log in with docker login {guarded}"):
        push(made.id, SITE, f"{guarded}/lab")
    log_in(nobody, guarded)
    push(made.id, SITE, f"{guarded}/lab")
    pull(f"{guarded}/lab")
    assert PASSWORD not in "".join(capsys.readouterr())


def test_a_login_of_a_credential_helper_is_used(
    guarded: str, nobody: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = tmp_path / "docker-credential-lab"
    answer = json.dumps({"Username": USER, "Secret": PASSWORD})
    helper.write_text(f"#!/bin/sh\ncat >/dev/null\necho '{answer}'\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (nobody / "config.json").write_text(json.dumps({"credHelpers": {guarded: "lab"}}))
    push(baked.bake("1").id, SITE, f"{guarded}/helper")


def test_the_environment_goes_before_it(
    guarded: str, nobody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(nobody, guarded)
    monkeypatch.setenv("GOLDEN_REGISTRY_USER", USER)
    monkeypatch.setenv("GOLDEN_REGISTRY_PASSWORD", "wrong")
    with pytest.raises(UserError, match="set GOLDEN_REGISTRY_USER and GOLDEN_REGISTRY_PASSWORD"):
        pull(f"{guarded}/lab")
    monkeypatch.setenv("GOLDEN_REGISTRY_PASSWORD", PASSWORD)
    push(baked.bake("1").id, SITE, f"{guarded}/environment")


@pytest.fixture
def tokens() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """A server that sells tokens; (its URL, what it was asked: path, Authorization, body)."""
    asked: list[tuple[str, str, str]] = []

    class Seller(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append((self.path, self.headers.get("Authorization", ""), body.decode()))
            content = b'{"token": "sold"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Seller)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/token", asked
    server.shutdown()
    server.server_close()


def header(login: Login, url: str) -> str:
    request = requests.Request("GET", url, auth=login).prepare()
    return str(request.headers.get("Authorization", ""))


def test_a_token_is_bought_and_shown_to_the_registry_alone(
    nobody: Path, tokens: tuple[str, list[tuple[str, str, str]]]
) -> None:
    realm, asked = tokens
    log_in(nobody, "registry.example")
    login = Login("https://registry.example")
    scope = 'service="lab",scope="repository:a/b:pull,push"'
    assert login.answer(f'Bearer realm="{realm}",{scope}')
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert asked == [
        ("/token?service=lab&scope=repository%3Aa%2Fb%3Apull%2Cpush", f"Basic {basic}", "")
    ]
    assert header(login, "https://registry.example/v2/a") == "Bearer sold"
    for other in ("http://registry.example/v2/a", "https://registry.example.org/v2", "https://a/"):
        assert header(login, other) == ""


def test_an_identity_token_buys_one_too(
    nobody: Path, tokens: tuple[str, list[tuple[str, str, str]]]
) -> None:
    realm, asked = tokens
    log_in(nobody, "registry.example", identitytoken="mine")
    login = Login("https://registry.example")
    assert login.answer(f'Bearer realm="{realm}",service="lab"')
    ((path, basic, body),) = asked
    assert (path, basic) == ("/token", "")
    assert "refresh_token=mine" in body and "grant_type=refresh_token" in body


def test_no_password_goes_out_in_the_clear(nobody: Path) -> None:
    log_in(nobody, "registry.example")
    with pytest.raises(UserError, match="no https address"):
        Login("https://registry.example").answer('Bearer realm="http://registry.example/token"')


@pytest.mark.parametrize(
    ("text", "insecure", "url"),
    [
        ("localhost:5000/a", False, "http://localhost:5000/v2/a/"),
        ("127.0.0.1:5000/a/b", False, "http://127.0.0.1:5000/v2/a/b/"),
        ("[::1]:5000/a", False, "http://[::1]:5000/v2/a/"),
        ("registry.example/a:t", False, "https://registry.example/v2/a/"),
        ("localhost.example/a", False, "https://localhost.example/v2/a/"),
        ("127.0.0.1.example/a", False, "https://127.0.0.1.example/v2/a/"),
        ("registry.example:80/a", True, "http://registry.example:80/v2/a/"),
    ],
)
def test_plain_http_is_for_loopback(
    text: str, insecure: bool, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def request(_: object, method: str, where: str, **options: object) -> None:
        seen.append(where)
        raise requests.ConnectionError("of a page's length")

    monkeypatch.setattr(requests.Session, "request", request)
    with pytest.raises(StageError, match=r"does not answer, or no more \(ConnectionError\)"):
        Registry(reference(text), insecure=insecure).manifest("t")
    assert seen == [f"{url}manifests/t"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "lab", "lab/images", "https://registry.example/lab", "registry.example"),
        *("registry.example/Lab", "registry.example/a:", "registry.example/a@sha256:0"),
        *("user:password@registry.example/a", "registry.example/../a", "registry.example/a b"),
    ],
)
def test_what_is_no_address_of_a_registry_is_said(text: str) -> None:
    with pytest.raises(UserError, match="not a registry's address such as"):
        reference(text)

"""Commands and pages of the cloud, asked by the scripts for nodes: here of made-up ones."""

from __future__ import annotations

import http.server
import importlib
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from golden.paths import SCRIPTS
from tests.checks.answers import decoded

PASSWORD = "pä ss'w\"ord\\&="
FORM = """<form method="post" action="/ui/local?next=%2Fui%2F&amp;x=1"><input type='hidden'
name='csrf' value='c5f&#39;'><input name="username">
<input type="password" name="password"></form>"""


class Site(http.server.BaseHTTPRequestHandler):
    """A login form as Astakos's, a page for who is logged in, and a redirection."""

    posted: dict[str, list[str]]

    def do_GET(self) -> None:
        if self.path == "/me":
            known = "session=1" in self.headers.get("Cookie", "")
            self.answer(200 if known else 401, "zoe.o&#39;neill@lab.test" if known else "who?")
        elif self.path == "/api":
            known = self.headers.get("X-Auth-Token") == "t0ken"
            json_only = self.headers.get("Accept") == "application/json"
            self.answer(
                200 if known and json_only else 401, r'{"list": "Zo\u00eb \/"}' if known else "who?"
            )
        elif self.path == "/plain":
            self.answer(302, "", Location="/login")
        else:
            self.answer(200, FORM if self.path == "/login" else "nothing")

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        type(self).posted = {**parse_qs(text), "path": [self.path]}
        right = type(self).posted.get("password") == [PASSWORD]
        cookie = {"Set-Cookie": "session=1%7Ct0ken; Path=/"} if right else {}
        self.answer(302 if right else 401, "", Location="/me", **cookie)

    def answer(self, status: int, text: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Imports a script of scripts/check."""
    monkeypatch.syspath_prepend(str(SCRIPTS / "check"))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        del sys.modules[name]


def asked(url: str, label: str, session: bool = False, **find: str) -> dict[str, Any]:
    return {"label": label, "url": url, "session": session, "find": find}


def api(url: str, label: str, session: bool) -> dict[str, Any]:
    asks = {"accept": "application/json", "cookie": "session"}
    return asked(f"{url}/api", label, session, list="Zoë /") | asks


def visit(script: Any, url: str, password: str) -> Any:
    request = {
        "pages": [
            asked(f"{url}/plain", "plain", field=r"type=.password"),
            asked(f"{url}/me", "anonymous", user="zoe\\.o'neill@"),
            asked(f"{url}/me", "me", True, user="zoe\\.o'neill@"),
            api(url, "api, anonymous", False),
            api(url, "api", True),
        ],
        "login": {"url": f"{url}/login", "username": "u", "password": password},
    }
    return script("web").main(request)


def test_the_form_is_sent_with_its_hidden_fields(script: Any, url: str) -> None:
    found = visit(script, url, PASSWORD)
    assert found["me"] == {"status": 200, "url": f"{url}/me", "error": "", "found": {"user": True}}
    assert Site.posted == {
        **{"csrf": ["c5f'"], "username": ["u"], "password": [PASSWORD]},
        "path": ["/ui/local?next=%2Fui%2F&x=1"],
    }


def test_a_redirection_is_followed_and_a_visitor_is_nobody(script: Any, url: str) -> None:
    found = visit(script, url, "x")
    assert (found["plain"]["url"], found["plain"]["found"]) == (f"{url}/login", {"field": True})
    assert (found["anonymous"]["status"], found["anonymous"]["found"]) == (401, {"user": False})


def test_the_token_of_the_cookie_goes_along_where_it_is_asked_for(script: Any, url: str) -> None:
    found = visit(script, url, PASSWORD)
    assert (found["api"]["status"], found["api"]["found"]) == (200, {"list": True})
    assert found["api, anonymous"]["status"] == 401


def test_a_wrong_password_lets_nobody_in(script: Any, url: str) -> None:
    found = visit(script, url, "wrong")
    assert (found["login"]["status"], found["me"]["status"]) == (401, 401)


def test_a_page_that_does_not_come_has_a_reason(script: Any) -> None:
    request = {"pages": [asked("https://127.0.0.1:1/", "away")], "login": None}
    found = script("web").main(request)["away"]
    assert found["status"] == 0 and "curl: (7)" in found["error"]


def test_no_page_is_asked_for_where_none_is(script: Any) -> None:
    assert script("web").main({"pages": [], "login": None}) == {}


def commands(script: Any, folder: Path, outputs: dict[str, str], asked: list[Any]) -> Any:
    """What cloud.py says of programs that print `outputs`."""
    for name, text in outputs.items():
        (folder / f"{name}.txt").write_text(text)
        program = folder / name
        program.write_text(f'#!/bin/sh\ncat {folder}/{name}.txt; echo "$@" >> {folder}/log\n')
        program.chmod(0o755)
    module = script("cloud")
    sys.modules["guest"].ENVIRONMENT["PATH"] = f"{folder}:/usr/bin:/bin"
    tokens = {"cyclades": "t0ken", "pithos": "other"}
    return module.main({"commands": asked, "tokens": tokens, "secrets": ["s3cret"]})


def one(label: str, program: str, *words: str, about: str = "") -> dict[str, Any]:
    return {"label": label, "argv": [program, *words], "for": about}


def test_tokens_are_judged_and_never_told(script: Any, tmp_path: Path) -> None:
    rows = [{"name": name, "token": "t0ken"} for name in ("astakos", "cyclades", "pithos")]
    text = "[warning] x\n" + json.dumps(rows, indent=4)
    found = commands(script, tmp_path, {"p": text}, [one("component-list", "p")])
    out = found["component-list"]["out"]
    assert [row["token"] for row in json.loads(out)] == ["", "right", "wrong"]
    assert "t0ken" not in out


def test_secrets_are_taken_out(script: Any, tmp_path: Path) -> None:
    text = "url = https://x\ncloud.default.token = abc\npassword s3cret\ntoken expiration: 2026\n"
    found = commands(script, tmp_path, {"p": text}, [one("kamaki config", "p")])
    assert found["kamaki config"] == {
        "code": 0,
        "out": "url = https://x\ncloud.default.token = ***\npassword ***\ntoken expiration: 2026\n",
    }


def test_a_command_is_run_for_each_row(script: Any, tmp_path: Path) -> None:
    rows = json.dumps([{"id": "1"}, {"id": "7"}], indent=4)
    asked = [one("list", "p", "-o", "id"), one("inspect", "q", "net-{id}", about="list")]
    found = commands(script, tmp_path, {"p": rows, "q": "fine\n"}, asked)
    assert found["inspect"] == {"code": 0, "out": "fine\n\nfine\n"}
    assert (tmp_path / "log").read_text().splitlines()[1:] == ["net-1", "net-7"]


def test_a_command_that_is_missing_is_told(script: Any, tmp_path: Path) -> None:
    found = commands(script, tmp_path, {}, [one("x", "no-such-program")])
    assert found["x"]["code"] == -1 and "No such file" in found["x"]["out"]


def test_json_s_escapes_of_an_image_s_name_are_its_characters() -> None:
    name = "Tiny 'Zoë' image 😀"
    assert decoded(json.dumps([{"name": name}])) == f'[{{"name": "{name}"}}]'


@pytest.mark.parametrize("value", ["pä ss'w\"ord", "a\\b", "tab\tline\nend", "# no comment", ""])
def test_curl_reads_back_its_configuration(script: Any, url: str, value: str) -> None:
    quoted = script("guest").curl_quoted(value)
    config = (
        f'url = "{url}/echo"\ndata-urlencode = {script("guest").curl_quoted("password=" + value)}\n'
    )
    assert quoted[0] == quoted[-1] == '"'
    assert script("guest").run(["curl", "-sS", "--config", "-"], stdin=config)[0] == 0
    assert Site.posted.get("password", [""]) == [value]

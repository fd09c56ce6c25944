"""The page of long work: what it is sent while the work goes on, and when it ends."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.client import HTTPResponse
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from golden import live, log


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SECONDS", 0.05)


def events(response: HTTPResponse) -> Iterator[tuple[str, str]]:
    """(event, data) of each that comes."""
    kind = "message"
    for line in response:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, value


def test_each_state_of_a_task_reaches_the_page() -> None:
    with live.served("Boot") as server, log.progress() as progress:
        task = progress.task("node1", expected=1000)
        progress.task("node2", needs=["node1"])
        task.say("step 3 of 46, \x1b[2J")
        coming = events(urlopen(f"{server.url}events"))
        kind, data = next(coming)
        first, second = json.loads(data)
        assert kind == "message" and first["state"] == "running"
        assert first["text"] == "step 3 of 46, \N{REPLACEMENT CHARACTER}[2J"
        assert 0 <= first["share"] < 0.1 and first["time"] == "0 of 1000 s"
        assert (second["state"], second["text"]) == ("waiting", "waits for node1")
        task.done("ready")
        assert any('"done"' in data for _, data in coming)


@pytest.mark.parametrize("verdict", ["done", "failed"])
def test_the_page_is_told_how_it_ended(verdict: str) -> None:
    told: list[tuple[str, str]] = []

    def read(response: HTTPResponse) -> None:
        told.extend(events(response))

    def work() -> None:
        with live.served("Boot") as server:
            reader = threading.Thread(target=read, args=(urlopen(f"{server.url}events"),))
            reader.start()
            readers.append(reader)
            if verdict == "failed":
                raise RuntimeError

    readers: list[threading.Thread] = []
    if verdict == "failed":
        with pytest.raises(RuntimeError):
            work()
    else:
        work()
    readers[0].join(5)
    assert told[-1] == ("end", verdict)


def test_the_page_loads_nothing_and_escapes_its_title() -> None:
    with live.served("<b>") as server, urlopen(server.url) as answer:
        text = answer.read().decode()
        assert "<h1>&lt;b&gt;</h1>" in text and "http" not in text
        assert "connect-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "host", "code"), [("", "evil.test", 403), ("etc/passwd", "localhost", 404)]
)
def test_nothing_else_is_served(path: str, host: str, code: int) -> None:
    with live.served("Boot") as server:
        request = Request(f"{server.url}{path}", headers={"Host": host})
        with pytest.raises(HTTPError) as refused:
            urlopen(request)
        assert refused.value.code == code
        refused.value.close()


def test_only_this_host_reaches_it() -> None:
    with live.served("Boot") as server:
        assert server.server_address[0] == "127.0.0.1"

"""How scripts/check/effective.py reads what the daemons of both releases say."""

from __future__ import annotations

import importlib
import sqlite3
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from golden.paths import SCRIPTS

# RabbitMQ 3.10 has titles; 2.8 (docs/wheezy.md W13.3) has none, and no policies.
NEW = {
    "list_users": "user\ttags\nsynnefo\t[administrator]\n",
    "list_permissions": "user\tconfigure\twrite\tread\nsynnefo\t.*\t.*\t.*\n",
    "list_policies": "",
}
OLD = {
    "list_users": "synnefo\t[administrator]\n",
    "list_permissions": "synnefo\t.*\t.*\t.*\n",
    "list_policies": "Error: invalid command 'list_policies'\nUsage:\nrabbitmqctl [-n <node>]\n",
}
ALL = ["synnefo", ".*", ".*", ".*"]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(SCRIPTS / "check"))
    yield importlib.import_module("effective")
    for name in ("effective", "guest"):
        del sys.modules[name]


@pytest.mark.parametrize("said", [NEW, OLD], ids=["3.10", "2.8"])
def test_a_broker_is_read(
    script: Any, monkeypatch: pytest.MonkeyPatch, said: dict[str, str]
) -> None:
    def run(argv: list[str]) -> tuple[int, str]:
        return int(said[argv[-1]].startswith("Error")), said[argv[-1]]

    monkeypatch.setattr(script, "run", run)
    wanted = {"users": {"synnefo": "administrator"}, "permissions": [ALL], "policies": []}
    assert script.rabbitmq() == wanted


def test_a_policy_and_a_broker_that_is_away_are_told(
    script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = "/\tttl\t.*\tall\t{}\t0\n"
    monkeypatch.setattr(script, "run", lambda argv: (0, row if "policies" in argv[-1] else ""))
    assert script.rabbitmq()["policies"] == [["/", "ttl", ".*", "all", "{}", "0"]]
    monkeypatch.setattr(script, "run", lambda argv: (2, "Error: unable to connect to node"))
    assert script.rabbitmq() == {"error": "list_users: Error: unable to connect to node"}


def test_settings_of_the_database_are_read(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    out = "set|fsync = off by database\non|autovacuum\nrole|synnefo\nrole|postgres\nloaded|1.5\n"
    monkeypatch.setattr(script, "run", lambda argv, stdin: (0, out))
    found = script.postgresql()
    assert (found["set"], found["on"]) == (["fsync = off by database"], ["autovacuum"])
    assert found["role"] == ["postgres", "synnefo"]


@pytest.mark.parametrize(
    ("name", "source", "told"),
    [
        ("max_stack_depth", "environment variable", []),
        ("port", "environment variable", ["port = 1 by environment variable"]),
        ("max_stack_depth", "command line", ["max_stack_depth = 1 by command line"]),
        ("fsync", "default", []),
    ],
)
def test_what_postgresql_finds_for_itself_is_no_setting(
    script: Any, name: str, source: str, told: list[str]
) -> None:
    """Before 15 it says of the stack's limit what it says of PGPORT."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE pg_settings (name, setting, source, sourcefile)")
    database.execute("INSERT INTO pg_settings VALUES (?, 1, ?, NULL)", (name, source))
    found = database.execute(script.SETTINGS.partition(";")[0]).fetchall()
    assert [value for _, value in found] == told

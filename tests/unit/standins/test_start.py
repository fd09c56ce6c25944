"""The applications start before their database does, as they may after a power cut."""

from __future__ import annotations

import re

import pytest

from golden import run
from tests.unit.standins.conftest import Cloud

pytestmark = pytest.mark.slow
HOOK = "etc/synnefo/gunicorn-hooks/gunicorn-archipelago.py"
START = "import synnefo.webproject.wsgi as it; print(type(it.application).__name__)"
PORT = re.compile(r"'PORT': '\d+'")


def start(cloud: Cloud) -> run.Result:
    env = cloud.environment("node2") | {"DJANGO_SETTINGS_MODULE": "synnefo.settings"}
    env["SYNNEFO_ARCHIPELAGO_HOOK"] = HOOK
    return run.run(["/usr/bin/python3", "-c", START], env=env, check=False)


def test_they_start_while_the_database_is_away(cloud: Cloud) -> None:
    file = next(p for p in (cloud.place / "node2").glob("*.conf") if PORT.search(p.read_text()))
    text = file.read_text()
    file.write_text(PORT.sub("'PORT': '1'", text))
    try:
        found = start(cloud)
    finally:
        file.write_text(text)
    assert (found.code, found.out) == (0, "Application\n"), found.out


def test_a_database_without_tables_still_stops_them(cloud: Cloud) -> None:
    found = start(cloud)
    assert (found.code, "has no tables: run syncdb" in found.out) == (1, True), found.out

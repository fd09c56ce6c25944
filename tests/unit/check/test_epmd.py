"""Erlang's directory of nodes may be heard outside only where it cannot be bound to loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden import check, paths
from golden.definition import load
from golden.keys import secrets
from tests.unit.check import healthy

ONE = ("-k", "nothing_else_listens and node1")


@pytest.mark.parametrize(
    ("site", "loopback6", "state"),
    [
        ("rehearsal-11", False, "passed"),
        ("rehearsal-11", True, "failed"),
        ("rehearsal", False, "failed"),
    ],
)
def test_a_directory_that_is_heard_outside(
    site: str, loopback6: bool, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOLDEN_HOME", str(tmp_path))
    monkeypatch.setattr(secrets, "SECRETS", tmp_path / ".secrets")
    monkeypatch.setattr(paths, "SECRETS", tmp_path / ".secrets")
    monkeypatch.setattr(check, "CACHE", tmp_path / ".cache")
    loaded = load(site)
    documents = healthy.write(tmp_path / "healthy", loaded, secrets.ensure(loaded))
    documents["node1"]["system"]["ports"].append(["tcp", "0.0.0.0", 4369])
    documents["node1"]["system"]["loopback6"] = loopback6
    healthy.save(tmp_path / "facts", documents)
    found = check.run(site, (), tmp_path / "checks.xml", tmp_path / "facts", ONE)
    assert [one.state for one in found.outcomes] == [state]

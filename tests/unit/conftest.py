from __future__ import annotations

from pathlib import Path

import pytest

from golden import paths
from golden.keys import signing
from tests.unit.pythons import PYTHONS
from tests.unit.small_tree import SmallTree


@pytest.fixture
def tree(tmp_path: Path) -> SmallTree:
    """A small valid checkout of its own."""
    return SmallTree(tmp_path)


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A key as a checkout makes it at its first signature, made once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "SECRETS", tmp_path_factory.mktemp("secrets"))
        signing.public_key()
        return (paths.SECRETS / "signing.key").read_bytes()


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signing_key: bytes) -> Path:
    """Artifacts, caches and a signing key below a folder of its own."""
    for name in ("artifacts", "cache", "secrets"):
        monkeypatch.setattr(paths, name.upper(), tmp_path / name)
    paths.SECRETS.mkdir()
    (paths.SECRETS / "signing.key").write_bytes(signing_key)
    return tmp_path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what this host cannot show; nothing is skipped for it."""
    if "2.7" not in PYTHONS:
        line = "no Python 2.7 here (./inv doctor): vermin read what Wheezy's nodes run; no kamaki"
        terminalreporter.write_line(line)

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.pythons import PYTHONS
from tests.unit.small_tree import SmallTree


@pytest.fixture
def tree(tmp_path: Path) -> SmallTree:
    """A small valid checkout of its own."""
    return SmallTree(tmp_path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what this host cannot show; nothing is skipped for it."""
    if "2.7" not in PYTHONS:
        line = "no Python 2.7 here (see ./inv doctor): vermin read what Wheezy's nodes run"
        terminalreporter.write_line(line)

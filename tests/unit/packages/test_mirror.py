"""What is said of a mirror's speed, and when it is too low to wait on."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden.packages import mirror as module
from golden.packages.mirror import Flow

MB = 1_000_000


class Mirror:
    """A clock that a test sets forward, and bytes that come meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.there = 1000.0, 0
        self.said: list[str] = []
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)
        self.flow = Flow(lambda: self.there, 100 * MB, self.said.append)

    def passes(self, seconds: int, bytes_a_second: int) -> str:
        """Why it must end, if so, while that much comes each second."""
        for _ in range(seconds):
            self.now += 1
            self.there += bytes_a_second
            if why := self.flow():
                return why
        return ""


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Mirror:
    return Mirror(monkeypatch)


def test_progress_is_reported_periodically(mirror: Mirror) -> None:
    assert mirror.passes(11, 2 * MB) == ""
    assert mirror.said == [
        "2 of 100 MB, 2.0 MB/s",
        "12 of 100 MB, 2.0 MB/s",
        "22 of 100 MB, 2.0 MB/s",
    ]


def test_a_slow_mirror_is_waited_for_and_one_of_no_use_is_not(mirror: Mirror) -> None:
    assert mirror.passes(1000, 2000) == ""
    assert mirror.passes(50, 10) == ""
    assert mirror.passes(70, 10) == "it sends less than 1 kB a second"


def test_a_pause_is_borne_when_much_came_before(mirror: Mirror) -> None:
    assert mirror.passes(10, MB) == ""
    assert mirror.passes(100, 0) == ""
    assert mirror.passes(10, MB) == ""
    assert mirror.passes(119, 0) == ""


def test_an_index_that_was_unpacked_and_removed_is_no_slowness(mirror: Mirror) -> None:
    assert mirror.passes(100, MB) == ""
    mirror.there = 0
    assert mirror.passes(110, 10_000) == ""


def test_what_has_come_in_part_counts(tmp_path: Path) -> None:
    (tmp_path / "partial").mkdir()
    (tmp_path / "a.deb").write_bytes(b"123")
    (tmp_path / "partial/b.deb").write_bytes(b"12")
    (tmp_path / "other.deb").write_bytes(b"1")
    assert module.arrived(tmp_path, ("a.deb", "b.deb", "none.deb")) == 5
    assert module.arrived(tmp_path) == 6

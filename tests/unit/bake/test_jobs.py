"""Jobs run when their needs are met, several at once, and stop at the first failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from golden.bake import run_jobs

Row = tuple[str, tuple[str, ...], Callable[[], None]]


def run(rows: list[Row], at_once: int, abandon: Callable[[], None]) -> None:
    jobs = {name: work for name, _, work in rows}
    run_jobs(jobs, {name: needs for name, needs, _ in rows}, at_once, abandon)


def never() -> None:
    raise AssertionError("nothing was to be abandoned")


def test_needs_come_first() -> None:
    order: list[str] = []
    rows = [
        ("disk", ("site", "initramfs"), lambda: order.append("disk")),
        ("site", ("base",), lambda: order.append("site")),
        ("initramfs", ("base",), lambda: order.append("initramfs")),
        ("base", (), lambda: order.append("base")),
    ]
    run(rows, 3, never)
    assert order[0] == "base" and order[-1] == "disk"
    assert sorted(order) == ["base", "disk", "initramfs", "site"]


def test_independent_jobs_run_at_once() -> None:
    meet = threading.Barrier(2, timeout=5)
    run([("a", (), lambda: _wait(meet)), ("b", (), lambda: _wait(meet))], 2, never)


def _wait(meet: threading.Barrier) -> None:
    meet.wait()


def test_no_more_run_at_once_than_allowed() -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    run([(str(n), (), work) for n in range(6)], 2, never)
    assert most == 2


def test_after_a_failure_the_running_ones_end_and_none_begins() -> None:
    done: list[str] = []

    def slow() -> None:
        time.sleep(0.1)
        done.append("slow")

    def fail() -> None:
        raise RuntimeError("first")

    rows = [("slow", (), slow), ("bad", (), fail), ("after", ("slow",), lambda: done.append("x"))]
    with pytest.raises(RuntimeError, match="first"):
        run(rows, 2, never)
    assert done == ["slow"]


def test_needs_that_can_never_be_met_are_a_bug() -> None:
    with pytest.raises(ValueError, match="cycle"):
        run([("a", ("b",), never), ("b", ("a",), never)], 2, lambda: None)

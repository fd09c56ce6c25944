"""Waiting for what other processes do: as long as a slow host needs, and no longer than that."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import TypeVar

from golden.boot import relay

T = TypeVar("T")
SECONDS = 30.0


def until(
    answer: Callable[[], T],
    seconds: float = SECONDS,
    why: Callable[[], object] = lambda: None,
    pause: float = 0.05,
) -> T:
    """The first answer that is something, asked for every `pause` seconds for at most `seconds`.

    Raises AssertionError with what `why` says then.
    """
    end = time.monotonic() + seconds
    while not (found := answer()):
        assert time.monotonic() < end, why() or f"it did not happen within {seconds:g} s"
        time.sleep(pause)
    return found


def heard(end: int, words: bytes, times: int = 1, seconds: float = SECONDS) -> bytes:
    """What comes from the file descriptor `end` until `words` have come that many times.

    What was written at once may arrive in pieces, and a terminal says what was typed first.
    Raises AssertionError where they do not come within `seconds`, or `end` ends before.
    """
    got, deadline = b"", time.monotonic() + seconds
    while got.count(words) < times:
        ready = select.select([end], [], [], max(0, deadline - time.monotonic()))[0]
        assert ready, f"{words!r} did not come within {seconds:g} s: {got!r}"
        piece = relay.said(end)
        assert piece, f"it ended before it said {words!r}: {got!r}"
        got += piece
    return got

"""tests.waiting: what arrives in pieces is waited for, and what never comes is told."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from tests.waiting import heard, until


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_words_that_arrive_in_pieces_are_heard(pipe: tuple[int, int]) -> None:
    def say() -> None:
        for piece in (b"this\r\n", b"got ", b"this\r\n"):
            os.write(pipe[1], piece)
            time.sleep(0.05)

    speaker = threading.Thread(target=say)
    speaker.start()
    assert heard(pipe[0], b"got this") == b"this\r\ngot this\r\n"
    speaker.join()


def test_what_does_not_come_is_told_with_what_came(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"this")
    with pytest.raises(AssertionError, match=r"b'got this' did not come within 0.1 s: b'this'"):
        heard(pipe[0], b"got this", seconds=0.1)
    with pytest.raises(AssertionError, match="it says why"):
        until(lambda: None, 0.1, lambda: "it says why")


def test_an_end_before_the_words_is_told() -> None:
    ours, theirs = os.openpty()
    os.close(theirs)
    with pytest.raises(AssertionError, match="it ended before it said"):
        heard(ours, b"got this")
    os.close(ours)

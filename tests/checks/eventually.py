"""For what settles a moment after the rest, and for that only."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(
    question: Callable[[], bool],
    seconds: float,
    pause: float = 2.0,
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Ask until the answer is yes, for at most `seconds`; the last answer."""
    end = clock() + seconds
    while not question():
        if clock() >= end:
            return False
        time.sleep(pause)
    return True

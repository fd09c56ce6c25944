"""The side that asks: which workers count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from distributed.comm import CommClosedError

from golden.errors import StageError, UserError
from golden.farm import client
from golden.farm.facts import facts


class Farm:
    """Stands for dask's client: its workers answer as told."""

    def __init__(self, answers: Mapping[str, object]) -> None:
        self.answers = answers

    def wait_for_workers(self, count: int, timeout: float) -> None:
        assert (count, timeout) == (1, client.CONNECT_SECONDS)

    def run(self, what: Any, on_error: str) -> Mapping[str, object]:
        assert (what, on_error) == (client.worker.describe, "return")
        return self.answers


LOST = CommClosedError("Stream is closed")


def workers(**answers: object) -> Mapping[str, object]:
    return client._workers(Farm(answers))  # type: ignore[arg-type]


def test_a_worker_lost_while_it_is_asked_is_none() -> None:
    assert workers(a=LOST, b=(facts(), {"root": 1})) == {"b": {"root": 1}}


def test_a_farm_that_lost_them_all_is_one_sentence() -> None:
    with pytest.raises(StageError, match="every worker was lost while it was asked"):
        workers(a=LOST, b=LOST)


def test_a_worker_of_another_checkout_is_told_apart_from_a_lost_one() -> None:
    with pytest.raises(UserError, match="worker b: no module 'x'; start it in a checkout of this"):
        workers(a=LOST, b=ImportError("no module 'x'"))
    with pytest.raises(OSError, match="its disk is broken"):
        workers(a=OSError("its disk is broken"))

"""The stand-ins consume with Debian 11's pika 0.11 as with Debian 12's 1.2."""

from __future__ import annotations

import runpy
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from golden.packages.standins import STANDINS

AMQP = STANDINS / "snf-common/files/usr/lib/python3/dist-packages/synnefo/lib/amqp.py"


class Channel0:
    """Of pika 0.11."""

    def basic_consume(self, consumer_callback: Any, queue: Any, no_ack: bool = False) -> None:
        self.seen = consumer_callback, queue, no_ack


class Channel1:
    """Of pika 1."""

    def basic_consume(self, queue: Any, on_message_callback: Any, auto_ack: bool = False) -> None:
        self.seen = on_message_callback, queue, auto_ack


@pytest.mark.parametrize(("version", "channel"), [("0.11.0", Channel0()), ("1.2.0", Channel1())])
@pytest.mark.parametrize("acknowledged", [True, False])
def test_each_pika_is_told_who_receives_what(
    version: str, channel: Any, acknowledged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pika", SimpleNamespace(__version__=version))
    consume = runpy.run_path(str(AMQP))["consume"]
    consume(channel, "events", print, acknowledged)
    assert channel.seen == (print, "events", acknowledged)

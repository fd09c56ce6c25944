"""The broker of AMQP_HOSTS, and the names both sides use. Not: confirms, more than one broker."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import pika

EXCHANGE = "ganeti"
# What a status check asks of eventd: Ganeti is given this tag in dry run, and eventd tells of it.
HEARTBEAT, HEARTBEAT_TAG = "eventd.heartbeat", "snf:eventd:heartbeat"


def connect(settings: Any) -> Any:
    """A channel on the first host that answers, exchanges declared; exits 1 when none does."""
    return _connect(settings) or sys.exit(1)


class Line:
    """A channel that is made anew, for ever, where there is no broker or it was lost."""

    def __init__(self, settings: Any) -> None:
        self.settings, self.channel = settings, None

    def do(self, work: Callable[[Any], None]) -> None:
        """Call `work` with the channel until that goes well."""
        while True:
            try:
                self.channel = self.channel or _connect(self.settings)
                if self.channel:
                    return work(self.channel)
            except (pika.exceptions.AMQPError, OSError) as error:
                print(f"lost the broker: {error!r}", flush=True)
                self.channel = None
            time.sleep(1)


def _connect(settings: Any) -> Any:
    for url in settings.AMQP_HOSTS:
        try:
            channel = pika.BlockingConnection(pika.URLParameters(f"{url}/%2F")).channel()
        except Exception as error:  # pika 1 has no common one for a broker that is silent
            host, place = url.rpartition("@")[2], settings.where("AMQP_HOSTS")
            print(f"broker {host} [AMQP_HOSTS, {place}]: {error!r}", file=sys.stderr)
            continue
        for name in (EXCHANGE, f"{EXCHANGE}-dl"):
            channel.exchange_declare(name, "topic", durable=True)
        return channel
    return None


def key_of(kind: str, name: str) -> str:
    """The routing key of an event about the instance or network of this name.

    The prefix in it is the part of the name before its first dash, whatever the setting says.
    """
    return f"ganeti.{name.partition('-')[0]}.event.{kind}"


def publish(channel: Any, key: str, message: dict[str, Any]) -> None:
    """Send a message that outlives the broker."""
    properties = pika.BasicProperties(content_type="application/json", delivery_mode=2)
    channel.basic_publish(EXCHANGE, key, json.dumps(message).encode(), properties)


def consume(channel: Any, queue: str, receive: Any, acknowledged: bool = False) -> None:
    """Have `receive` called for each message of the queue; before pika 1 it came first."""
    first = (receive, queue) if pika.__version__ < "1" else (queue, receive)
    channel.basic_consume(*first, acknowledged)

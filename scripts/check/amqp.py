"""A login at an AMQP 0-9-1 broker, up to the open virtual host; no client library needed.

Frames and methods: AMQP 0-9-1 specification, sections 2.3.5 (frames) and 1.4 (connection class).
"""

import socket
import struct

METHOD_FRAME, FRAME_END = 1, b"\xce"
CONNECTION = 10
START, START_OK, TUNE, TUNE_OK, OPEN, OPEN_OK, CLOSE = 10, 11, 30, 31, 40, 41, 50


class RefusedError(Exception):
    """The broker said no, or something else than an AMQP broker answered."""


def short(text):
    """A short string: one byte of length."""
    return struct.pack("!B", len(text)) + text.encode("utf-8")


def long(data):
    """A long string: four bytes of length."""
    return struct.pack("!I", len(data)) + data


def send(link, method, arguments):
    """One method frame on channel 0."""
    payload = struct.pack("!HH", CONNECTION, method) + arguments
    link.sendall(struct.pack("!BHI", METHOD_FRAME, 0, len(payload)) + payload + FRAME_END)


def exactly(link, size):
    """The next `size` bytes."""
    data = b""
    while len(data) < size:
        part = link.recv(size - len(data))
        if not part:
            # How RabbitMQ before 3.0 refuses a password (its clients must guess).
            raise RefusedError("the broker hung up: wrong user or password")
        data += part
    return data


def receive(link, wanted):
    """The arguments of the next method, which must be `wanted`."""
    kind, _, size = struct.unpack("!BHI", exactly(link, 7))
    payload = exactly(link, size + 1)[:-1]
    if kind != METHOD_FRAME:
        raise RefusedError("no AMQP 0-9-1 broker: frame type {0}".format(kind))
    _, method = struct.unpack("!HH", payload[:4])
    if method == CLOSE:
        code, length = struct.unpack("!HB", payload[4:7])
        reason = payload[7 : 7 + length].decode("utf-8", "replace")
        raise RefusedError("{0} {1}".format(code, reason))
    if method != wanted:
        raise RefusedError("method {0} instead of {1}".format(method, wanted))
    return payload[4:]


def plain(user, password):
    """The words of SASL PLAIN (RFC 4616): UTF-8 with zeros before both."""
    # Joined as bytes: formatting into a `str` would make Python 2 encode texts of JSON as ASCII.
    return b"\0" + b"\0".join(text.encode("utf-8") for text in (user, password))


def login(host, port, user, password, vhost, timeout=30):
    """Raise RefusedError or socket.error unless `user` may open `vhost`."""
    link = socket.create_connection((host, port), timeout)
    try:
        link.sendall(b"AMQP\x00\x00\x09\x01")
        receive(link, START)
        send(
            link,
            START_OK,
            long(b"") + short("PLAIN") + long(plain(user, password)) + short("en_US"),
        )
        # The broker's limits are taken as they come: channel-max, frame-max, heartbeat.
        send(link, TUNE_OK, receive(link, TUNE)[:8])
        send(link, OPEN, short(vhost) + short("") + b"\x00")
        receive(link, OPEN_OK)
    finally:
        link.close()

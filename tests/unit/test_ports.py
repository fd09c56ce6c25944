"""A port that is handed out is nobody's, for either protocol."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from golden.errors import StageError
from golden.host import ports


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_in_use_is_not_handed_out(kind: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        free = ports.free_port()
        monkeypatch.setattr(ports, "CHOICE", [taken.getsockname()[1], free])
        assert {ports.free_port() for _ in range(20)} == {free}
        monkeypatch.setattr(ports, "CHOICE", [taken.getsockname()[1]])
        with pytest.raises(StageError, match=r"no port of 127\.0\.0\.1 .* is free"):
            ports.free_port()


def test_no_outgoing_connection_takes_one_that_was_handed_out() -> None:
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    if first <= 1024:
        pytest.skip("this machine gives any port to outgoing connections")
    assert not set(ports.CHOICE) & set(range(first, last + 1))

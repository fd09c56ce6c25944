"""A BitTorrent peer that says it has all pieces of a torrent, and gives wrong bytes for them.

    python -m tests.integration.installer.lying_peer TORRENT ADDRESS COUNT

It makes itself known by multicast (BEP 14) at ADDRESS, serves whoever comes (BEP 3), and keeps in
the file COUNT how many blocks it has given.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path

import torf

GROUP = ("239.192.152.143", 6771)
PROTOCOL = b"\x13BitTorrent protocol" + bytes(8)
BITFIELD, UNCHOKE, REQUEST, PIECE = 5, 1, 6, 7


def announce(infohash: str, address: str, port: int) -> None:
    """Tell the LAN every second that the torrent is had here."""
    lines = ["BT-SEARCH * HTTP/1.1", "Host: {}:{}".format(*GROUP), f"Port: {port}"]
    text = "\r\n".join([*lines, f"Infohash: {infohash}", "", "", ""]).encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        while True:
            link.sendto(text, GROUP)
            time.sleep(1)


class Liar:
    """Serves the torrent with `infohash`, of so many `pieces`."""

    def __init__(self, infohash: str, pieces: int, count: Path) -> None:
        self._infohash, self._pieces, self._count = bytes.fromhex(infohash), pieces, count
        self._lock, self._given = threading.Lock(), 0

    def serve(self, link: socket.socket) -> None:
        with link, link.makefile("rb") as incoming:
            if len(incoming.read(68)) < 68:
                return
            link.sendall(PROTOCOL + self._infohash + b"-LY0001-" + os.urandom(12))
            every = (1 << self._pieces) - 1 << -self._pieces % 8
            link.sendall(_message(BITFIELD, every.to_bytes((self._pieces + 7) // 8)))
            link.sendall(_message(UNCHOKE))
            while len(length := incoming.read(4)) == 4:
                message = incoming.read(struct.unpack(">I", length)[0])
                if message[:1] == bytes([REQUEST]):
                    index, begin, size = struct.unpack(">III", message[1:])
                    wrong = struct.pack(">II", index, begin) + os.urandom(size)
                    link.sendall(_message(PIECE, wrong))
                    self._tell()

    def _tell(self) -> None:
        with self._lock:
            self._given += 1
            self._count.write_text(str(self._given))


def _message(kind: int, content: bytes = b"") -> bytes:
    return struct.pack(">IB", len(content) + 1, kind) + content


def main(torrent: str, address: str, count: str) -> None:
    """Never returns."""
    read = torf.Torrent.read(torrent)
    liar = Liar(read.infohash, read.pieces, Path(count))
    with socket.create_server((address, 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=announce, args=(read.infohash, address, port), daemon=True).start()
        while True:
            link, _ = server.accept()
            threading.Thread(target=liar.serve, args=(link,), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])

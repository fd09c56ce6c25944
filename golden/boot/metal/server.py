"""The HTTP server of a netboot, a program: SITE BUNDLE RUN-FOLDER ADDRESS PORT.

It gives out the bundle, the boot script of each machine and, once per netboot, its seed; it takes
the reports of an installer that has its machine's token, and then follows the first boot. A process
of its own, because it outlives `inv boot`; what reads requests is `nobody`, and asks the other half
(golden.boot.metal.keeper) for all that takes root. Whoever is on the LAN and claims a machine's MAC
address can have its seed while that machine is not installed: install on a network of your own.
"""

from __future__ import annotations

import json
import os
import re
import select
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

from golden.boot.metal import following, keeper
from golden.boot.metal.keeper import Apart, Keeper
from golden.boot.metal.register import Register
from golden.installer.bundle import Bundle

REPORT_BYTES = 65536
NOBODY = 65534  # Debian's base-passwd
RANGE = re.compile(r"^bytes=([0-9]{1,12})-([0-9]{1,12})$")


class Server(ThreadingHTTPServer):
    """Serves what `keeper` has to its machines."""

    daemon_threads = True
    # A rack that is switched on asks all at once; the default is 5.
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], keeper: Keeper) -> None:
        super().__init__(address, Handler)
        self.keeper: Keeper | Apart = keeper
        self.url = keeper.url = f"http://{address[0]}:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    server_version = "golden"
    protocol_version = "HTTP/1.1"
    timeout = 120

    def do_GET(self) -> None:
        """Scripts, the bundle, seeds."""
        boot = re.match(r"^/(boot|uefi)/([0-9A-Fa-f:-]{17})\.ipxe$", self.path)
        seed = re.match(r"^/seed/([a-z0-9-]+)$", self.path)
        if boot:
            keeper = self.server.keeper
            self._text((keeper.script if boot[1] == "boot" else keeper.uefi)(boot[2]))
        elif seed:
            self._seed(seed[1])
        else:
            self._public()

    def do_POST(self) -> None:
        """A line of the installer."""
        found = re.match(r"^/report/([a-z0-9-]+)$", self.path)
        length = self.headers.get("Content-Length") or ""
        refused = self.server.keeper.refusal(found[1], self._token()) if found else 404
        if not found or refused:
            self.send_error(refused)
        elif not re.fullmatch(r"[0-9]{1,9}", length) or int(length) > REPORT_BYTES:
            self.send_error(413)
        else:
            self._report(found[1], self.rfile.read(int(length)))

    def _report(self, node: str, content: bytes) -> None:
        try:
            line = json.loads(content)
        except ValueError:
            line = None
        if not isinstance(line, dict):
            self.send_error(400)
            return
        self.server.keeper.report(node, self._token(), line)
        self._text("")

    def _token(self) -> str:
        return self.headers.get("X-Golden-Token") or ""

    def _public(self) -> None:
        file = self.server.keeper.public(self.path)
        if file is None:
            self.send_error(404)
        else:
            self._file(file, RANGE.match(self.headers.get("Range") or ""))

    def _seed(self, node: str) -> None:
        file = self.server.keeper.seed(node, self._token())
        if file is None:
            self.send_error(403, "no seed for this token, or it went out already")
            return
        try:
            self._file(file)
        except OSError:
            self.server.keeper.give_back(node)
            raise

    def _file(self, file: BinaryIO, part: re.Match[str] | None = None) -> None:
        """All of it or, for machines that share it, a single range of bytes (RFC 9110, 14.2)."""
        with file:
            size = os.fstat(file.fileno()).st_size
            first, last = (int(part[1]), min(int(part[2]), size - 1)) if part else (0, size - 1)
            if part and first > last:
                self.send_error(416)
                return
            self.send_response(206 if part else 200)
            if part:
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self._head(last - first + 1, "application/octet-stream")
            self.connection.sendfile(file, first, last - first + 1 or None)

    def _text(self, text: str) -> None:
        self.send_response(200)
        self._head(len(text.encode()), "text/plain")
        self.wfile.write(text.encode())

    def _head(self, length: int, kind: str) -> None:
        self.send_header("Content-Length", str(length))
        self.send_header("Content-Type", kind)
        self.end_headers()


def main(argv: list[str]) -> int:
    """Serve until killed."""
    site, folder, place, address, port = argv
    register = Register(Path(place) / "nodes")

    def follow(node: str) -> None:
        following.follow(site, node, lambda: register.is_installed(node))

    kept = Keeper(Bundle(site, Path(folder), (), (), {}), register, follow)
    server = Server((address, int(port)), kept)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        serve_as_nobody(server, theirs)
    theirs.close()
    server.server_close()
    for record in register.all():
        if record.installed:
            kept.follow(record.node)
    keeper.answer(kept, ours)
    return 1  # the other half has ended


def serve_as_nobody(server: Server, link: socket.socket) -> None:
    """Serve without root, until the other half is gone."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    server.keeper = Apart(link)
    threading.Thread(target=_end_with, args=(link,), daemon=True).start()
    server.serve_forever()


def _end_with(link: socket.socket) -> None:
    waiting = select.poll()
    waiting.register(link, select.POLLHUP)
    waiting.poll()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

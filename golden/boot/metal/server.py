"""The HTTP server of a netboot, a program: SITE BUNDLE RUN-FOLDER ADDRESS PORT.

It gives out the bundle, the boot script of each machine and, once per netboot, its seed; it takes
the reports of an installer that has its machine's token, and then follows the first boot. A process
of its own, because it outlives `inv boot`. Whoever is on the LAN and claims a machine's MAC address
can have its seed while that machine is not installed: install on a network of your own.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from golden.boot.metal import following
from golden.boot.metal.register import Record, Register
from golden.installer.bundle import Bundle
from golden.rundir import NodeDir

REPORT_BYTES = 65536
IPXE_AGAIN_SECONDS = 10
STARTED_BY_UEFI = (
    "it was started by UEFI, and images start by BIOS: switch its firmware to legacy (CSM)"
)
# What anybody may have; seeds and our own records are not of these names.
PUBLIC = re.compile(r"^/(vmlinuz|initrd|manifest|manifest\.sig|[a-z][a-z0-9-]*/[0-9]{5}\.gz)$")


class Server(ThreadingHTTPServer):
    """Serves `bundle` to the machines of `register`; `follow` is begun when one is installed."""

    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        bundle: Bundle,
        register: Register,
        follow: Callable[[str], None],
    ) -> None:
        super().__init__(address, Handler)
        self.bundle, self.register, self._follow = bundle, register, follow
        self.url = f"http://{address[0]}:{self.server_address[1]}"

    def script(self, mac: str) -> str:
        """The iPXE script for the machine with the address `mac`."""
        record = self.register.find_mac(mac)
        if record is None:
            return script(f"{mac} is no machine of the site {self.bundle.site}: to its own disk")
        if record.installed:
            return script(f"{record.node} is installed: to its disk")
        return self._install(self.register.new_token(record.node))

    def _install(self, record: Record) -> str:
        line = self.bundle.command_line(
            self.url,
            record.node,
            token=record.token,
            reinstall=record.reinstall,
            force=record.force,
            more=f"BOOTIF=01-{record.mac.replace(':', '-')}",
        )
        # Going on to the disk would be silent, and an unfinished disk starts nothing.
        return script(
            f"installing {record.node} of the site {self.bundle.site}",
            ":fetch",
            f"kernel {self.url}/vmlinuz {line} || goto again",
            f"initrd {self.url}/initrd || goto again",
            "boot",
            ":again",
            f"echo golden: {self.url} did not deliver; again in {IPXE_AGAIN_SECONDS} seconds",
            "imgfree",
            f"sleep {IPXE_AGAIN_SECONDS}",
            "goto fetch",
        )

    def uefi(self, mac: str) -> str:
        """The iPXE script for that machine when it was started by UEFI; its node is refused."""
        record = self.register.find_mac(mac)
        if record is None or record.installed:
            return self.script(mac)
        line = {"node": record.node, "step": "source", "n": 1, "of": 7, "state": "refused"}
        self.report(record.node, line | {"detail": STARTED_BY_UEFI, "seconds": 0, "uptime": 0})
        return script(f"{record.node}: {STARTED_BY_UEFI}", "sleep 30", "exit")

    def report(self, node: str, line: dict[str, object]) -> None:
        """A line of the installer: for the node's console, and its end for the record."""
        following.append(NodeDir(self.bundle.site, node), "installer", line)
        ends = line.get("step") == "installed" and line.get("state") == "done"
        if ends and self.register.finish(node):
            self.follow(node)

    def follow(self, node: str) -> None:
        """Follow the first boot of `node`."""
        threading.Thread(target=self._follow, args=(node,), daemon=True).start()


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
            write = self.server.script if boot[1] == "boot" else self.server.uefi
            self._text(write(boot[2]))
        elif seed:
            self._seed(seed[1])
        elif PUBLIC.match(self.path) and (self.server.bundle.folder / self.path[1:]).is_file():
            self._file(self.server.bundle.folder / self.path[1:])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        """A line of the installer."""
        found = re.match(r"^/report/([a-z0-9-]+)$", self.path)
        length = self.headers.get("Content-Length") or ""
        if not found or not self.server.register.find(found[1]):
            self.send_error(404)
        elif not self.server.register.is_current(found[1], self._token()):
            self.send_error(403, "not the token of the machine's last netboot")
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
        self.server.report(node, line)
        self._text("")

    def _token(self) -> str:
        return self.headers.get("X-Golden-Token") or ""

    def _seed(self, node: str) -> None:
        seed = self.server.bundle.folder / "seed" / f"{node}.iso"
        if not seed.is_file() or not self.server.register.take(node, self._token()):
            self.send_error(403, "no seed for this token, or it went out already")
            return
        try:
            self._file(seed)
        except OSError:
            self.server.register.give_back(node)
            raise

    def _file(self, path: Path) -> None:
        with path.open("rb") as file:
            self.send_response(200)
            self._head(path.stat().st_size, "application/octet-stream")
            shutil.copyfileobj(file, self.wfile, 1 << 20)

    def _text(self, text: str) -> None:
        self.send_response(200)
        self._head(len(text.encode()), "text/plain")
        self.wfile.write(text.encode())

    def _head(self, length: int, kind: str) -> None:
        self.send_header("Content-Length", str(length))
        self.send_header("Content-Type", kind)
        self.end_headers()


def script(words: str, *lines: str) -> str:
    """An iPXE script that says `words`; without `lines` the firmware goes on to the next device."""
    return "\n".join(["#!ipxe", f"echo golden: {words}", *(lines or ("exit",)), ""])


def main(argv: list[str]) -> int:
    """Serve until killed."""
    site, folder, place, address, port = argv
    register = Register(Path(place) / "nodes")
    bundle = Bundle(site, Path(folder), (), (), {})

    def follow(node: str) -> None:
        following.follow(site, node, lambda: register.is_installed(node))

    server = Server((address, int(port)), bundle, register, follow)
    for record in register.all():
        if record.installed:
            server.follow(record.node)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

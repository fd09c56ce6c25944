"""What the HTTP server of a netboot may do as root, and nothing else: scripts, seeds, reports.

`Keeper` does it; `answer` does it for another process, `Apart` is how that one asks. A request is a
line of JSON, its answer another one with, for a file, the open file.
"""

from __future__ import annotations

import functools
import json
import re
import socket
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

from golden.boot.metal import following
from golden.boot.metal.register import Record, Register
from golden.installer.bundle import Bundle
from golden.rundir import NodeDir

IPXE_AGAIN_SECONDS = 10
STARTED_BY_UEFI = (
    "it was started by UEFI, and images start by BIOS: switch its firmware to legacy (CSM)"
)
# What anybody may have; seeds and our own records are not of these names.
PUBLIC = re.compile(
    r"^/(vmlinuz|initrd|manifest|manifest\.sig|[a-z][a-z0-9-]*(\.torrent|/[0-9]{5}\.gz))$"
)
# A report's most, and the rest of a request.
MESSAGE_BYTES = 1 << 18
# What the half that reads requests may have done.
ASKED = ("script", "uefi", "public", "seed", "give_back", "refusal", "report")


class Keeper:
    """Keeps `bundle` and `register`; `follow` is begun when a machine is installed."""

    url = ""

    def __init__(self, bundle: Bundle, register: Register, follow: Callable[[str], None]) -> None:
        self.bundle, self.register, self._follow = bundle, register, follow

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
            wipe=record.wipe,
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
        self._report(record.node, line | {"detail": STARTED_BY_UEFI, "seconds": 0, "uptime": 0})
        return script(f"{record.node}: {STARTED_BY_UEFI}", "sleep 30", "exit")

    def public(self, path: str) -> BinaryIO | None:
        """The file of the bundle that everybody may have at `path`."""
        place = self.bundle.folder / path[1:]
        return place.open("rb") if PUBLIC.match(path) and place.is_file() else None

    def seed(self, node: str, token: str) -> BinaryIO | None:
        """The seed of `node`, once for the token of its netboot."""
        place = self.bundle.folder / "seed" / f"{node}.iso"
        good = place.is_file() and self.register.take(node, token)
        return place.open("rb") if good else None

    def give_back(self, node: str) -> None:
        """Make the token valid again: the seed did not arrive."""
        self.register.give_back(node)

    def refusal(self, node: str, token: str) -> int:
        """The status for a report that is not taken, else 0."""
        if not self.register.find(node):
            return 404
        return 0 if self.register.is_current(node, token) else 403

    def report(self, node: str, token: str, line: dict[str, object]) -> None:
        """A line of the installer that has the token."""
        if not self.refusal(node, token):
            self._report(node, line)

    def _report(self, node: str, line: dict[str, object]) -> None:
        """For the node's console, and its end for the record."""
        following.append(NodeDir(self.bundle.site, node), "installer", line)
        ends = line.get("step") == "installed" and line.get("state") == "done"
        if ends and self.register.finish(node):
            self.follow(node)

    def follow(self, node: str) -> None:
        """Follow the first boot of `node`."""
        threading.Thread(target=self._follow, args=(node,), daemon=True).start()


class Apart:
    """Asks the keeper at the other end of `link`: each name of ASKED is a method."""

    def __init__(self, link: socket.socket) -> None:
        self._link, self._lock = link, threading.Lock()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return functools.partial(self._ask, name)

    def _ask(self, name: str, *words: object) -> Any:
        with self._lock:
            self._link.send(json.dumps([name, *words]).encode())
            said, files, _, _ = socket.recv_fds(self._link, MESSAGE_BYTES, 1)
        if not said:
            raise ConnectionError("the process that keeps seeds and reports has ended")
        found = json.loads(said)
        if "error" in found:
            raise OSError(found["error"])
        return open(files[0], "rb") if files else found["value"]  # noqa: PTH123


def answer(keeper: Keeper, link: socket.socket) -> None:
    """Answer one request after another, until the other end is gone."""
    while request := link.recv(MESSAGE_BYTES):
        name, *words = json.loads(request)
        try:
            found = getattr(keeper, ASKED[ASKED.index(name)])(*words)
        except OSError as error:  # such as a full disk
            link.send(json.dumps({"error": str(error)}).encode())
            continue
        if hasattr(found, "fileno"):
            with found:
                socket.send_fds(link, [b'{"value": null}'], [found.fileno()])
        else:
            link.send(json.dumps({"value": found}).encode())


def script(words: str, *lines: str) -> str:
    """An iPXE script that says `words`; without `lines` the firmware goes on to the next device."""
    return "\n".join(["#!ipxe", f"echo golden: {words}", *(lines or ("exit",)), ""])

"""The machines being served and their state, one file each below the run folder."""

from __future__ import annotations

import secrets
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from golden import rundir


@dataclass(frozen=True)
class Record:
    """A machine. `token` is that of its last netboot; `handed`: its seed was sent; `installed`: the
    installer has reported its end. `reinstall`, `force` and `wipe` say what the installer may
    overwrite (golden.installer)."""

    node: str
    mac: str
    reinstall: bool = False
    force: str = ""
    wipe: str = ""
    token: str = ""
    handed: bool = False
    installed: bool = False


class Register:
    """The records in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def write(self, record: Record) -> None:
        """Add or replace a machine's record."""
        rundir.write(self._folder / f"{record.node}.json", asdict(record))

    def remove(self, node: str) -> None:
        """Stop serving the machine."""
        (self._folder / f"{node}.json").unlink(missing_ok=True)

    def all(self) -> list[Record]:
        """Every machine that is served."""
        found = [rundir.read(path) for path in sorted(self._folder.glob("[!.]*.json"))]
        return [Record(**record) for record in found if isinstance(record, dict)]

    def find(self, node: str) -> Record | None:
        """The record of `node`."""
        return next((one for one in self.all() if one.node == node), None)

    def find_mac(self, mac: str) -> Record | None:
        """The record of the machine with the address `mac`, its bytes joined by : or -."""
        wanted = mac.lower().replace("-", ":")
        return next((one for one in self.all() if one.mac.lower() == wanted), None)

    def new_token(self, node: str) -> Record:
        """Start a netboot: the next request for the seed needs this new token."""
        return self._change(node, token=secrets.token_hex(16), handed=False)

    def is_current(self, node: str, token: str) -> bool:
        """Whether `token` is that of the node's last netboot."""
        record = self.find(node)
        known = record.token if record else ""
        return known != "" and secrets.compare_digest(known.encode(), token.encode())

    def take(self, node: str, token: str) -> bool:
        """Whether the seed of `node` may be sent for `token`, which is valid once."""
        with self._lock:
            record = self.find(node)
            good = self.is_current(node, token)
            if record is None or not good or record.handed or record.installed:
                return False
            self.write(replace(record, handed=True))
            return True

    def give_back(self, node: str) -> None:
        """Make the token valid again: the seed did not arrive."""
        self._change(node, handed=False)

    def finish(self, node: str) -> bool:
        """Record that the node is installed; False if it was recorded before."""
        known = self.is_installed(node)
        self._change(node, installed=True)
        return not known

    def is_installed(self, node: str) -> bool:
        """Whether the node is served and its installer has reported its end."""
        record = self.find(node)
        return record is not None and record.installed

    def _change(self, node: str, **changes: object) -> Record:
        with self._lock:
            record = self.find(node)
            assert record is not None
            changed = replace(record, **changes)  # type: ignore[arg-type]
            self.write(changed)
            return changed

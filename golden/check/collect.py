"""Get the facts of a live node: a few logins over one connection, however many checks there are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from golden.check.connection import Connection, UnreachableError
from golden.check.facts import Facts
from golden.definition import Node, Site

SCRIPTS = (
    *("files", "system", "hygiene", "reach", "web", "cloud", "daemons", "packets"),
    *("drift", "done", "effective"),
)
# Some forty commands of Synnefo, each of which takes ten seconds on a busy emulated machine, and
# the hash of every file there.
SECONDS = 2400
CLOCK = "clock_offset"
# Scripts that can be asked for a part, and what of the request says which.
PARTS = {"cloud": "commands", "done": "steps", "effective": "effective"}


class Live(Mapping[str, Any]):
    """The document that `Facts` reads, of a node that runs: {script: answer}, asked when wanted.

    Looking up raises what `Connection.ask` raises.
    """

    def __init__(
        self, connection: Connection, site: Site, node: Node, request: Mapping[str, Any]
    ) -> None:
        self._connection, self._site, self._node, self._request = connection, site, node, request
        self._known: dict[str, Any] = {}

    def ask(self, *scripts: str) -> None:
        """Have the answers of `scripts` by one login."""
        self._known |= self._answers(scripts, self._request)

    def _answers(self, scripts: Sequence[str], request: Mapping[str, Any]) -> dict[str, Any]:
        python = self._site.release.python
        return self._connection.ask(self._node.name, python, scripts, request, SECONDS)

    def one(self, script: str, name: str) -> Any:
        """What one command of the script `cloud`, one step or one daemon says."""
        wanted: list[Any] = [name]
        if script == "cloud":
            commands = {one["label"]: one for one in self._request["commands"]}
            # What it is about, by the rows of another, comes first.
            wanted = [commands[each] for each in (commands[name]["for"], name) if each]
        return self._answers([script], {**self._request, PARTS[script]: wanted})[script][name]

    def __getitem__(self, name: str) -> Any:
        """The answer of the script `name`; what PARTS names comes part by part."""
        if name not in self._known:
            if name == CLOCK:
                self._known[name] = list(self._connection.clock_offset(self._node.name))
            elif name in PARTS:
                self._known[name] = _Parts(self, name)
            else:
                self.ask(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*SCRIPTS, CLOCK))

    def __len__(self) -> int:
        return len(SCRIPTS) + 1


class _Parts(dict[str, Any]):
    """The answer of a script in parts, each asked when it is wanted."""

    def __init__(self, live: Live, script: str) -> None:
        super().__init__()
        self._live, self._script = live, script

    def __missing__(self, name: str) -> Any:
        self[name] = self._live.one(self._script, name)
        return self[name]


def recorded(folder: Path, node: Node) -> Facts:
    """The facts of `node` as an earlier run recorded them in `folder`.

    Raises UnreachableError when none were.
    """
    path = folder / f"{node.name}.json"
    if not path.exists():
        raise UnreachableError(f"{node.name}: nothing was recorded")
    return Facts(node.name, json.loads(path.read_text()))

"""Get the facts of a live node: a few logins over one connection, however many checks there are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from golden.check.connection import Connection, UnreachableError
from golden.check.facts import Facts
from golden.check.questions import questions
from golden.definition import Node, Site
from golden.keys.secrets import Secrets

SCRIPTS = (
    *("files", "system", "hygiene", "reach", "web", "cloud", "daemons", "packets"),
    *("drift", "done", "effective"),
)
# Some twenty commands of Synnefo, each of which takes ten seconds on a busy emulated machine.
SECONDS = 1200
CLOCK = "clock_offset"


class Live(Mapping[str, Any]):
    """The document that `Facts` reads, of a node that runs: {script: answer}, asked when wanted.

    Looking up raises what `Connection.ask` raises.
    """

    def __init__(self, connection: Connection, site: Site, node: Node, secrets: Secrets) -> None:
        self._connection, self._site, self._node = connection, site, node
        self._request = questions(site, node, secrets)
        self._known: dict[str, Any] = {}

    def ask(self, *scripts: str) -> Live:
        """Have the answers of `scripts`, all without any, by one login."""
        asked = [name for name in scripts or SCRIPTS if name not in self._known]
        python = self._site.release.python
        self._known |= self._connection.ask(self._node.name, python, asked, self._request, SECONDS)
        return self

    def __getitem__(self, name: str) -> Any:
        """The answer of the script `name`."""
        if name not in self._known:
            if name == CLOCK:
                self._known[name] = list(self._connection.clock_offset(self._node.name))
            else:
                self.ask(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*SCRIPTS, CLOCK))

    def __len__(self) -> int:
        return len(SCRIPTS) + 1


def recorded(folder: Path, node: Node) -> Facts:
    """The facts of `node` as an earlier run recorded them in `folder`.

    Raises UnreachableError when none were.
    """
    path = folder / f"{node.name}.json"
    if not path.exists():
        raise UnreachableError(f"{node.name}: nothing was recorded")
    return Facts(node.name, json.loads(path.read_text()))

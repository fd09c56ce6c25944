"""Get the facts of a live node: three logins over one connection, however many checks there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from golden.check.connection import Connection, UnreachableError
from golden.check.facts import Facts
from golden.check.questions import questions
from golden.definition import Node, Site
from golden.keys.secrets import Secrets

SCRIPTS = ("files", "system", "hygiene", "reach", "web", "cloud", "daemons", "packets")
# Some twenty commands of Synnefo, each of which takes ten seconds on a busy emulated machine.
SECONDS = 1200


def collect(connection: Connection, site: Site, node: Node, secrets: Secrets) -> dict[str, Any]:
    """The document that `Facts` reads. Raises what `Connection.ask` raises."""
    request = questions(site, node, secrets)
    document = connection.ask(node.name, site.release.python, SCRIPTS, request, SECONDS)
    document["clock_offset"] = list(connection.clock_offset(node.name))
    return document


def recorded(folder: Path, node: Node) -> Facts:
    """The facts of `node` as an earlier run recorded them in `folder`.

    Raises UnreachableError when none were.
    """
    path = folder / f"{node.name}.json"
    if not path.exists():
        raise UnreachableError(f"{node.name}: nothing was recorded")
    return Facts(node.name, json.loads(path.read_text()))

"""The torrent of a kind's packed pieces, by which machines that install at once share them.

Our HTTP server is its web seed (BEP 19), so there is no other seed; machines find each other by
multicast (BEP 14), so there is no tracker. Its bytes depend on the pieces and the server's address
alone: no date, no maker.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import torf

from golden.definition.models import Node
from golden.installer.image import RECORD

# From how many machines of a kind on sharing is faster (docs/many-machines.md).
MACHINES = 3
# A machine gives on what it has whole: with smaller parts it begins sooner.
PART = 1 << 18


def shared(nodes: Iterable[Node]) -> tuple[str, ...]:
    """The kinds whose pieces `nodes`, installed at once, share."""
    counted = Counter(node.kind.name for node in nodes)
    return tuple(kind for kind, machines in counted.items() if machines >= MACHINES)


def make(folder: Path, url: str) -> bytes:
    """The torrent of the pieces in `folder`, which `url` serves under the folder's name."""
    made = torf.Torrent(
        folder, exclude_globs=[f"*{RECORD}*"], webseeds=[f"{url}/"], piece_size=PART
    )
    made.generate()
    made.created_by = made.creation_date = None
    return bytes(made.dump())

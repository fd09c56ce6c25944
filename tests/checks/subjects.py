"""What is checked: the site that `inv check` names, its nodes, and cases from the definition."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from golden.definition import Node, Site, load


def _site() -> Site:
    name = os.environ.get("GOLDEN_SITE")
    if not name:
        raise pytest.UsageError("run the checks with: ./inv check --site SITE")
    return load(name)


SITE = _site()
_CHOSEN = [name for name in os.environ.get("GOLDEN_NODES", "").split(",") if name]
NODES = tuple(node for node in SITE.nodes if not _CHOSEN or node.name in _CHOSEN)
# Facts recorded earlier, to be judged instead of live nodes.
RECORDED = Path(os.environ["GOLDEN_CHECK_FACTS"]) if "GOLDEN_CHECK_FACTS" in os.environ else None

Mark = pytest.MarkDecorator


def each_node(*, role: str = "", where: str = "") -> Mark:
    """Run the check once per node, or per node that carries `role`.

    With `where` only on a site some node of which carries that role: the nodes look at it.
    """
    nodes = [
        node for node in NODES if (not role or node.kind.has(role)) and (not where or hosts(where))
    ]
    return pytest.mark.parametrize("node", nodes, ids=lambda node: node.name)


def each(what: str, of: Callable[[Node], Iterable[Any]], *, role: str = "") -> Mark:
    """Run the check once per node and per `what` that `of` finds in the node's definition."""
    cases = [
        pytest.param(node, one, id=f"{node.name}-{_words(one)}")
        for node in NODES
        if not role or node.kind.has(role)
        for one in of(node)
    ]
    return pytest.mark.parametrize(("node", what), cases)


def each_pair() -> Mark:
    """Run the check once per ordered pair of different nodes: `node` looks at `other`."""
    cases = [
        pytest.param(node, other, id=f"{node.name}-{other.name}")
        for node, other in permutations(NODES, 2)
    ]
    return pytest.mark.parametrize(("node", "other"), cases)


def hosts(role: str) -> tuple[Node, ...]:
    """The site's nodes that carry `role`, whichever nodes are checked."""
    return tuple(node for node in SITE.nodes if node.kind.has(role))


def _words(one: Any) -> str:
    for name in ("name", "port"):
        if hasattr(one, name):
            return f"{getattr(one, name)}"
    return str(one)


def brings(package: str) -> pytest.MarkDecorator:
    """Skips a check where no image of the site has the package."""
    there = any(package in SITE.packages(kind, "synnefo") for kind in SITE.kinds)
    return pytest.mark.skipif(not there, reason=f"no image of this site has {package}")

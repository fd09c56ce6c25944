"""What the guide has people try, and no check can: each says why, so that it is not forgotten."""

from __future__ import annotations

import pytest

from golden.definition import Node
from tests.checks.subjects import each_node


@pytest.mark.guide("G149")
@each_node(role="pithos")
def test_desktop_clients_synchronise(node: Node) -> None:
    pytest.skip(
        "the desktop clients are optional programs for a person's computer, fetched from a web "
        "page; the upload over the same API is checked (test_pithos)"
    )


@pytest.mark.guide("G214")
@each_node(role="nat")
def test_machine_pings_the_outside_world(node: Node) -> None:
    pytest.skip(
        "www.synnefo.org is not reached from here, and a ping is typed at a machine's console; "
        "gateway, address translation and lease of the machine are checked (test_machines, nat)"
    )

"""A key changes with everything that goes in, and with nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from golden.layers import Layer

INPUTS: dict[str, dict[str, str]] = {
    "packages": {"web": "1.0 all sha256:aa"},
    "scripts": {"web.sh": "bb"},
    "files": {"/etc/web.conf": "0644 root:root sha256:cc"},
    "settings": {"the list of users": "dd"},
    "tools": {"dpkg": "1.21"},
}


def changed(section: str, name: str, text: str) -> dict[str, dict[str, str]]:
    inputs = copy.deepcopy(INPUTS)
    inputs[section][name] = text
    return inputs


@pytest.mark.parametrize(
    ("section", "name", "text"),
    [
        ("packages", "web", "1.1 all sha256:aa"),
        ("packages", "web", "1.0 all sha256:ab"),
        ("packages", "more", "1.0 all sha256:aa"),
        ("scripts", "web.sh", "bc"),
        ("files", "/etc/web.conf", "0640 root:root sha256:cc"),
        ("files", "/etc/web.conf", "0644 root:web sha256:cc"),
        ("settings", "the list of users", "de"),
        ("tools", "dpkg", "1.22"),
    ],
)
def test_every_input_changes_the_key(section: str, name: str, text: str) -> None:
    before = Layer("base", None, INPUTS).key
    assert Layer("base", None, changed(section, name, text)).key != before


def test_the_parent_changes_the_key() -> None:
    one = Layer("base", None, INPUTS)
    two = Layer("base", None, changed("tools", "dpkg", "1.22"))
    keys = {Layer("top", parent, INPUTS).key for parent in (None, one, two)}
    assert len(keys) == 3


def test_neither_name_nor_order_changes_the_key() -> None:
    reordered: dict[str, Any] = dict(reversed(list(INPUTS.items())))
    assert Layer("base", None, INPUTS).key == Layer("other", None, reordered).key


def test_the_chain_runs_from_the_top_to_the_bottom() -> None:
    base = Layer("base", None, {})
    top = Layer("top", Layer("middle", base, {}), {})
    assert [layer.name for layer in top.chain()] == ["top", "middle", "base"]

"""Whatever a definition holds, the outcome is a site or a list of places, never a crash."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.definition import Site
from golden.errors import UserError
from tests.unit.small_tree import BASE, FILES, MASTER, RELEASE, SITE, WEB, SmallTree

DEFINITIONS = (RELEASE, SITE, MASTER, BASE, WEB)
PLACE = re.compile(r"images/\S+:[1-9]\d*: .")

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
# Words that are right somewhere else reach deeper into the checks than random text does.
words = st.sampled_from(["n1", "web", "master", "G001", "198.51.100.1", "/etc/motd", "{x}", "6G"])
values = st.recursive(
    scalars | words, lambda inner: st.lists(inner) | st.dictionaries(words | st.text(), inner)
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> SmallTree:
    return SmallTree(tmp_path_factory.mktemp("tree"))


def load_with(tree: SmallTree, file: str, content: bytes) -> Site | str:
    """The site `lab`, or the error, when `file` holds `content`."""
    path = tree.root / file
    path.write_bytes(content)
    try:
        return tree.load()
    except UserError as error:
        return str(error)
    finally:
        path.write_text(FILES[file])


def places(data: Any, keys: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The keys of every value in `data`."""
    items: Any = ()
    if isinstance(data, dict):
        items = data.items()
    elif isinstance(data, list):
        items = enumerate(data)
    return [keys] + [place for key, value in items for place in places(value, (*keys, key))]


def replaced(data: Any, keys: tuple[Any, ...], value: Any) -> Any:
    """`data` with `value` at `keys`."""
    if not keys:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[keys[0]] = replaced(data[keys[0]], keys[1:], value)
    return copy


@settings(max_examples=100, deadline=None)
@given(data=st.data(), file=st.sampled_from(DEFINITIONS), value=values)
def test_any_value_anywhere(shared: SmallTree, data: st.DataObject, file: str, value: Any) -> None:
    sound = yaml.safe_load(FILES[file])
    keys = data.draw(st.sampled_from(places(sound)))
    changed = yaml.safe_dump(replaced(sound, keys, value), allow_unicode=True, sort_keys=False)
    outcome = load_with(shared, file, changed.encode("utf-8", "surrogatepass"))
    if isinstance(outcome, str):
        assert PLACE.match(outcome)


@settings(max_examples=100, deadline=None)
@given(file=st.sampled_from(DEFINITIONS), start=st.integers(0, 200), junk=st.binary(max_size=20))
def test_any_bytes_anywhere(shared: SmallTree, file: str, start: int, junk: bytes) -> None:
    sound = FILES[file].encode()
    outcome = load_with(shared, file, sound[:start] + junk + sound[start + len(junk) :])
    if isinstance(outcome, str):
        assert PLACE.match(outcome)


# Between the networks "this", 0.0.0.0/8, and loopback, 127.0.0.0/8.
@given(st.integers(8, 30), st.integers(1 << 24, (127 << 24) - 1), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_an_address_is_accepted_just_inside_the_subnet(
    shared: SmallTree, length: int, base: int, address: int
) -> None:
    subnet = ipaddress.ip_network((base, length), strict=False)
    inside = subnet.network_address + 1 + address % (subnet.num_addresses - 2)
    for one, expected in ((inside, False), (subnet.broadcast_address, True)):
        text = FILES[SITE].replace("198.51.100.0/24", str(subnet))
        text = text.replace("address: 198.51.100.1,", f"address: {one},")
        outcome = load_with(shared, SITE, text.encode())
        assert ("nodes[0].address" in str(outcome)) == expected


def test_the_shared_tree_is_left_sound(shared: SmallTree) -> None:
    assert {file: (Path(shared.root) / file).read_text() for file in DEFINITIONS} == {
        file: FILES[file] for file in DEFINITIONS
    }

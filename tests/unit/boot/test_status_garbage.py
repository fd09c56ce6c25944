"""Consoles of a hostile or broken node: any bytes, no traceback, nothing of the terminal's own."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.boot import status
from golden.boot.events import events
from golden.boot.status import Probe

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
GOOD = {
    "node": "n1",
    "step": "dns",
    "n": 3,
    "of": 9,
    "state": "done",
    "detail": "",
    "seconds": 1.5,
    "uptime": 60.0,
}


def line(event: object) -> str:
    return f"\r\n@firstboot {json.dumps(event)}\r\n"


def look_at(text: str) -> None:
    found = str(status.status(text))
    assert all(character.isprintable() for character in found), repr(found)
    for _, reason in filter(None, [status.diagnose(text, Probe(), silent=999, log="x")]):
        assert reason.isprintable()
    assert all(each.isprintable() for each in status.tail(text))
    assert all(step.name.isprintable() for step in status.timeline(text, {"kernel": 1.0}))


@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    look_at(data.decode("utf-8", "replace"))


@given(st.fixed_dictionaries(dict.fromkeys(GOOD, VALUES)))
def test_events_of_any_types(event: dict[str, object]) -> None:
    look_at(line(event))


@given(st.sampled_from(sorted(GOOD)), VALUES)
def test_an_event_with_one_field_of_any_type(key: str, value: object) -> None:
    look_at(line(GOOD | {key: value}))


@given(st.binary(max_size=40), st.integers(0, 200))
def test_a_line_with_bytes_in_its_middle(data: bytes, place: int) -> None:
    whole = line(GOOD).encode()
    look_at((whole[:place] + data + whole[place:]).decode("utf-8", "replace"))


def test_a_line_torn_at_any_byte_hides_none_that_is_whole() -> None:
    whole, after = line(GOOD | {"detail": "caf\u00e9"}), line(GOOD | {"step": "ssh"})
    for place in range(len(whole) - len("}\r\n")):
        look_at(whole[:place])
        assert [event.step for event in events(whole[:place] + after)] == ["ssh"]


def test_an_event_of_deep_brackets_is_left_out() -> None:
    text = line(GOOD) + '@firstboot {"a":' + "[" * 100_000 + "}\n"
    assert [event.step for event in events(text)] == ["dns"]


@pytest.mark.parametrize("said", ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "a\u202eb"])
def test_control_characters_are_not_shown(said: str) -> None:
    look_at(line(GOOD | {"state": "failed", "detail": said, "step": said}) + said + "\n")

"""The texts that go into layers, kept so that a plan can name the line that changed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Text:
    """A text as the layer gets it: `content`. What is made from a file of the checkout also has
    that file's path in `source`, and in `written` what stands there."""

    content: str
    source: str = ""
    written: str = ""


# By section and name, as in `Inputs`; what is no text is not there.
Texts = Mapping[str, Mapping[str, Text]]


def read(path: Path) -> str:
    """The text in the file at `path`; empty for what is no text."""
    return decoded(path.read_bytes())


def decoded(content: bytes) -> str:
    """`content` as text; empty for what is no text."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return ""


def change(thing: str, name: str, old: Text | None, new: Text | None) -> str:
    """Which line changed, for a person who wants to open the file: `file images/… line 3 changed`.

    `thing` is the entry in words, such as `file /etc/hosts`, where `name` is /etc/hosts. Empty when
    the texts do not tell.
    """
    if old is None or new is None:
        return ""
    if new.source and old.source == new.source and old.written != new.written:
        where = thing.replace(name, new.source)
        return f"{where} line {first_change(old.written, new.written)} changed"
    if old.content == new.content:
        return ""
    origin = f" (rendered from {new.source})" if new.source else ""
    return f"{thing} line {first_change(old.content, new.content)} changed{origin}"


def first_change(old: str, new: str) -> int:
    """The number, from 1, of the first line of `new` that is not as in `old`."""
    pairs = itertools.zip_longest(old.splitlines(), new.splitlines())
    found = (number for number, (before, after) in enumerate(pairs, 1) if before != after)
    return next(found, max(1, len(new.splitlines())))


def to_json(texts: Texts) -> dict[str, dict[str, list[str]]]:
    """`texts` as plain data."""
    return {
        section: {name: [text.content, text.source, text.written] for name, text in entries.items()}
        for section, entries in texts.items()
    }


def from_json(data: Mapping[str, Mapping[str, list[str]]]) -> Texts:
    """What `to_json` was given."""
    return {
        section: {name: Text(*words) for name, words in entries.items()}
        for section, entries in data.items()
    }

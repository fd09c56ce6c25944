"""Why a layer must be baked again: what goes in now, compared with what went in last time.

Texts are kept with the inputs, so that a plan can name the line that changed.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from golden.layers.model import Inputs

NAMED = 3
# Of these a layer has so many that `shortened` names a few, and counts the others.
_COUNTED = ("package", "script", "file")

# How a message names an entry of a section.
_NAMES = {
    "packages": "package {}",
    "scripts": "script {}",
    "files": "file {}",
    "downloads": "download {}",
    "settings": "{}",
    "tools": "{}",
    "order": "the order of {}",
}


class Text(NamedTuple):
    """A text as the layer gets it: `content`. What is made from a file of the checkout also has
    that file's path in `source`, and its content in `written`."""

    content: str
    source: str = ""
    written: str = ""


# By section and name, as in `Inputs`; what is not text is missing.
Texts = Mapping[str, Mapping[str, Text]]


def decoded(content: bytes) -> str:
    """`content` as text; empty for what is not text."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return ""


@dataclass(frozen=True)
class Side:
    """What goes into a layer, or went into it when it was last baked; `texts` as far as kept."""

    inputs: Inputs
    texts: Texts = field(default_factory=dict)


def reasons(old: Side | None, new: Side, parent: str = "") -> list[str]:
    """What differs between the last bake of a layer and now.

    `parent` names the layer below when that one is stale too. Never empty: a layer that differs in
    nothing is stale because it is gone.
    """
    if old is None:
        return ["never baked here"]
    found = [f"layer {parent} below it changes"] if parent else []
    return [*found, *changes(old, new)] or ["its tree is no longer in the cache"]


def shortened(reasons: Sequence[str]) -> list[str]:
    """`reasons`, naming at most NAMED packages, scripts or files in a row; others are counted."""
    found: list[str] = []
    for word, group in itertools.groupby(reasons, lambda reason: reason.partition(" ")[0]):
        row = list(group)
        most = NAMED if word in _COUNTED else len(row)
        found += row[:most]
        if row[most:]:
            found.append(f"and {len(row) - most} more {word}s")
    return found


def changes(old: Side, new: Side) -> list[str]:
    """The differences between two sides; empty where they are the same."""
    found: list[str] = []
    for section in dict.fromkeys([*new.inputs, *old.inputs]):
        # Other packages have another order: that is no news.
        same = old.inputs.get("packages") == new.inputs.get("packages")
        if section != "order" or same:
            found += _section(section, old, new)
    return found


def _section(section: str, before: Side, after: Side) -> list[str]:
    old, new = before.inputs.get(section, {}), after.inputs.get(section, {})
    names = {
        "new": sorted(new.keys() - old.keys()),
        "gone": sorted(old.keys() - new.keys()),
        "changed": sorted(name for name in old.keys() & new.keys() if old[name] != new[name]),
    }
    return [_change(section, name, what, before, after) for what in names for name in names[what]]


def _change(section: str, name: str, what: str, before: Side, after: Side) -> str:
    thing = _NAMES.get(section, section + " {}").format(name)
    if what != "changed":
        return f"{thing} is {what}"
    old, new = before.inputs[section][name].split(), after.inputs[section][name].split()
    # The first word of a package's or a tool's text is its version, that of a file's its mode.
    if old and new and old[0] != new[0] and len(old[0]) < 40:
        return f"{thing}: {old[0]} → {new[0]}"
    texts = [side.texts.get(section, {}).get(name) for side in (before, after)]
    return _changed_line(thing, name, *texts) or f"{thing} changed"


def _changed_line(thing: str, name: str, old: Text | None, new: Text | None) -> str:
    """Which line changed, for a person who wants to open the file: `file images/… line 3 changed`.

    `thing` is the entry in a message, such as `file /etc/hosts`, where `name` is /etc/hosts. Empty
    when the texts do not differ.
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
    """The number, from 1, of the first line of `new` that differs from `old`."""
    pairs = itertools.zip_longest(old.splitlines(), new.splitlines())
    found = (number for number, (before, after) in enumerate(pairs, 1) if before != after)
    return next(found, max(1, len(new.splitlines())))

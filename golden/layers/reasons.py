"""Why a layer must be baked again."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from golden.layers import texts
from golden.layers.model import Inputs
from golden.layers.texts import Texts

NAMED = 3
# Of these a layer has so many that `shortened` names a few, and counts the others.
_COUNTED = ("package", "script", "file")

# The words of the sections; {} is the entry.
_WORDS = {
    "packages": "package {}",
    "scripts": "script {}",
    "files": "file {}",
    "downloads": "download {}",
    "settings": "{}",
    "tools": "{}",
    "order": "the order of {}",
}


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
    thing = _WORDS.get(section, section + " {}").format(name)
    if what != "changed":
        return f"{thing} is {what}"
    version = _versions(before.inputs[section][name], after.inputs[section][name])
    if version:
        return f"{thing}: {version}"
    line = texts.change(thing, name, _text(before, section, name), _text(after, section, name))
    return line or f"{thing} changed"


def _versions(old: str, new: str) -> str:
    # The first word of a package's or a tool's text is its version, that of a file's its mode.
    before, after = old.split(), new.split()
    if before and after and before[0] != after[0] and len(before[0]) < 40:
        return f"{before[0]} → {after[0]}"
    return ""


def _text(side: Side, section: str, name: str) -> texts.Text | None:
    entries: Mapping[str, texts.Text] = side.texts.get(section, {})
    return entries.get(name)

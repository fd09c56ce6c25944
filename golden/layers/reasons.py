"""Why a layer must be baked again, in words."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from golden.layers import texts
from golden.layers.model import Inputs
from golden.layers.texts import Texts

NAMED = 3  # entries of one section that are named; the others are counted
ALL = sys.maxsize

# The words of the sections; {} is the entry.
_WORDS = {
    "packages": "package {}",
    "scripts": "script {}",
    "files": "file {}",
    "settings": "{}",
    "tools": "{}",
    "order": "the order of {}",
}


@dataclass(frozen=True)
class Side:
    """What goes into a layer, or went into it when it was last baked; `texts` as far as kept."""

    inputs: Inputs
    texts: Texts = field(default_factory=dict)


def reasons(old: Side | None, new: Side, parent: str = "", named: int = NAMED) -> list[str]:
    """What differs between the last bake of a layer and now.

    `parent` names the layer below when that one is stale too; of each section `named` entries are
    named. Never empty: a layer that differs in nothing is stale because it is no longer there.
    """
    if old is None:
        return ["never baked here"]
    found = [f"layer {parent} below it changes"] if parent else []
    return [*found, *changes(old, new, named)] or ["its tree is no longer in the cache"]


def changes(old: Side, new: Side, named: int = NAMED) -> list[str]:
    """What differs between two sides, in words; nothing where they are the same."""
    found: list[str] = []
    for section in dict.fromkeys([*new.inputs, *old.inputs]):
        # Other packages have another order: that is no news.
        same = old.inputs.get("packages") == new.inputs.get("packages")
        if section != "order" or same:
            found += _section(section, old, new, named)
    return found


def _section(section: str, before: Side, after: Side, named: int) -> list[str]:
    old, new = before.inputs.get(section, {}), after.inputs.get(section, {})
    there = {
        "new": sorted(new.keys() - old.keys()),
        "gone": sorted(old.keys() - new.keys()),
        "changed": sorted(name for name in old.keys() & new.keys() if old[name] != new[name]),
    }
    found: list[str] = []
    for what, names in there.items():
        found += [_change(section, name, what, before, after) for name in names[:named]]
        if len(names) > named:
            found.append(f"and {len(names) - named} more {section} {what}")
    return found


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

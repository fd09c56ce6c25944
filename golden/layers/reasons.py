"""Why a layer must be baked again, in words."""

from __future__ import annotations

from collections.abc import Mapping

from golden.layers.model import Inputs

NAMED = 3  # entries of one section that are named; the others are counted

# The words of the sections; {} is the entry.
_WORDS = {
    "packages": "package {}",
    "scripts": "script {}",
    "files": "file {}",
    "settings": "{}",
    "tools": "{}",
    "order": "the order of {}",
}


def reasons(old: Inputs | None, new: Inputs, parent: str = "") -> list[str]:
    """What differs between the inputs of the layer's last bake and those of now.

    `parent` names the layer below when that one is stale too. Never empty: a layer that differs in
    nothing is stale because it is no longer there.
    """
    if old is None:
        return ["never baked here"]
    found = [f"layer {parent} below it changes"] if parent else []
    for section in dict.fromkeys([*new, *old]):
        # Other packages have another order: that is no news.
        if section != "order" or old.get("packages") == new.get("packages"):
            found += _section(section, old.get(section, {}), new.get(section, {}))
    return found or ["its tree is no longer in the cache"]


def _section(section: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    word = _WORDS.get(section, section + " {}")
    changes = {
        "new": sorted(new.keys() - old.keys()),
        "gone": sorted(old.keys() - new.keys()),
        "changed": sorted(name for name in old.keys() & new.keys() if old[name] != new[name]),
    }
    found: list[str] = []
    for what, names in changes.items():
        found += [_change(word.format(name), name, what, old, new) for name in names[:NAMED]]
        if len(names) > NAMED:
            found.append(f"and {len(names) - NAMED} more {section} {what}")
    return found


def _change(
    thing: str, name: str, what: str, old: Mapping[str, str], new: Mapping[str, str]
) -> str:
    if what != "changed":
        return f"{thing} is {what}"
    before, after = old[name].split(), new[name].split()
    # The first word of a package's or a tool's text is its version.
    if before and after and before[0] != after[0] and len(before[0]) < 40:
        return f"{thing}: {before[0]} → {after[0]}"
    return f"{thing} changed"

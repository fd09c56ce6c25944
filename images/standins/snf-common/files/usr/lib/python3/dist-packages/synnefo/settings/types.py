"""The kinds of settings: what a value must look like. Messages never repeat the value.

Not: values that fit and lead nowhere, as a host that is away: who uses them tells.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from synnefo.settings import components

KINDS = components.installed()["snf-common"]["kinds"]
# Values that are printed in the guide or shipped as upstream's default are known to everybody.
PUBLIC = re.compile(r"example|^Password Encryption Key$|^secret_key$|secret_password|token22w|@@|<")


def _own(kind: str, value: Any) -> str | None:
    rule, text = KINDS[kind], str(value)
    types, pattern = rule.get("type"), rule.get("pattern", ".*")
    if types and type(value).__name__ not in types:
        return f"must be of type {' or '.join(types)}, is {type(value).__name__}"
    if (size := rule.get("bytes")) and not size[0] <= len(text.encode()) <= size[1]:
        return f"must be a string of {size[0]} to {size[1]} bytes"
    if not (match := re.fullmatch(pattern, text, re.DOTALL)):
        return f"must be a {kind}: {pattern}"
    if PUBLIC.search(match.groupdict().get("secret", "")):
        return "is a public example or a placeholder"
    if rule.get("writable") and not (Path(text).is_dir() and os.access(text, os.W_OK)):
        return "must be a directory this user may write to"
    if (keys := rule.get("keys")) and not set(keys) <= set(value) <= {*keys, *rule.get("more", ())}:
        return f"must be a dict of {', '.join(keys)}"
    if "items" in rule and len(value) != len(rule["items"]):
        return f"must hold {len(rule['items'])} items"
    return "must not be empty" if "each" in rule and not value else None


def _parts(kind: str, value: Any) -> Iterator[tuple[Any, str, Any]]:
    rule = KINDS[kind]
    yield from ((key, inner, value[key]) for key, inner in rule.get("keys", {}).items())
    if inner := rule.get("each"):
        yield from ((number, inner, item) for number, item in enumerate(value))
    for number, inner in enumerate(rule.get("items", ())):
        yield number, inner, value[number]


def fault(kind: str, value: Any) -> str | None:
    """What is wrong with the value or with a part of it, or None."""
    if own := _own(kind, value):
        return own
    for key, inner, part in _parts(kind, value):
        if told := fault(inner, part):
            return f"[{key!r}] {told}"
    return None

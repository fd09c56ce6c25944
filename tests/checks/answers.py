"""Reading what a node said, so that a check which fails says what came instead."""

from __future__ import annotations

import re

from golden.check.facts import Facts, Page

# Enough of an answer to see what is wrong.
SHOWN = 900


def said(facts: Facts, label: str) -> str:
    """What the command `label` said; fails when it did not end with 0."""
    found = facts.said(label)
    assert found.code == 0, f"{label} ended with {found.code}: {found.out.strip()[-SHOWN:]}"
    return found.out


def decoded(text: str) -> str:
    """`text` with the characters that JSON's escapes such as \\u00eb in it stand for."""
    units = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    # Beyond 16 bits JSON writes two halves (RFC 8259, 7).
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def rows(facts: Facts, label: str) -> list[dict[str, str]]:
    """The rows of the list command `label`; fails when there are none."""
    out = said(facts, label)
    found = facts.said(label).rows()
    assert found, f"{label} lists nothing: {out.strip()[-SHOWN:]}"
    return found


def row(facts: Facts, label: str, key: str, value: str) -> dict[str, str]:
    """The row of `label` whose `key` is `value`; fails when there is none."""
    found = rows(facts, label)
    names = [one[key] for one in found]
    assert value in names, f"{label} has no {key} {value}, only {', '.join(names)}"
    return found[names.index(value)]


def told(page: Page) -> str:
    """A page in a few words: `403 at https://…`, or why there is none."""
    return page.error or f"{page.status} at {page.url}"

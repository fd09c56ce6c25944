"""The pins that make a difference: those with which apt takes another version than without.

So a lock made from a resolution is not resolved again, and neither is one that loses versions that
no source has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_CANDIDATE = re.compile(r"^  Candidate: (\S+)$")
# ` *** 1.0 500` where it is installed, else with blanks.
_VERSION = re.compile(r"^ (?:\*\*\*|   ) (\S+) -?\d+")
# Forms of apt_preferences(5) that stand for several versions; this one for every version.
ANY = "*"
_SEVERAL = frozenset("*?[/")


def is_several(version: str) -> bool:
    """Whether a pin's `version` stands for several."""
    return bool(_SEVERAL & set(version))


def effective(pins: Mapping[str, str], policy: str) -> dict[str, str]:
    """Those of `pins` (versions by name) that change the choice.

    `policy` is what `apt-cache policy NAMES` prints with no pin in force.
    """
    chosen, offered = candidates(policy), _by_name(policy, _VERSION)
    return {
        name: version
        for name, version in pins.items()
        if is_several(version) or (version in offered.get(name, ()) and version != chosen.get(name))
    }


def candidates(policy: str) -> dict[str, str]:
    """{package: version} that apt would install after `apt-cache policy NAMES`; a package that no
    source has is not among them."""
    found = _by_name(policy, _CANDIDATE)
    return {name: version for name, (version,) in found.items() if version != "(none)"}


def _by_name(policy: str, pattern: re.Pattern[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in policy.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            name = line[:-1]
        elif match := pattern.match(line):
            found.setdefault(name, []).append(match.group(1))
    return found

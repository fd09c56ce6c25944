"""The state of an action: the result of its checks, unless it is known to be done another way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from golden.errors import UserError
from golden.guide.proof import NOT_REHEARSED, NOT_RUN, Verdict

DONE, FAILED = "done", "failed"
ANOTHER_WAY, SITE, NOT_PROVEN = "done another way", "left to the site", "not proven here"
STATES = (DONE, ANOTHER_WAY, SITE, NOT_PROVEN, FAILED, NOT_REHEARSED)
FILE = Path("docs/guide-differences.yaml")
# What the checks say, in these words.
_OF_CHECKS = {"passed": DONE, NOT_RUN: NOT_PROVEN}


@dataclass(frozen=True)
class Differences:
    """{id: (state, reason)} of the actions that are known to be done otherwise, or not at all."""

    known: Mapping[str, tuple[str, str]]

    @classmethod
    def read(cls, root: Path) -> Differences:
        """Those of the checkout at `root`; none without a file. Raises UserError."""
        path = root / FILE
        data = yaml.safe_load(path.read_text()) if path.is_file() else {}
        known: dict[str, tuple[str, str]] = {}
        for state, actions in (data or {}).items():
            if state not in (ANOTHER_WAY, SITE, NOT_PROVEN):
                raise UserError(f"{FILE}: '{state}' is no state of an action")
            for id, reason in actions.items():
                if id in known:
                    raise UserError(f"{FILE}: {id} stands there twice")
                known[id] = (state, str(reason))
        return cls(known)

    def judged(self, id: str, verdict: Verdict) -> Verdict:
        """The state of the action `id`, of which the checks say `verdict`.

        A failure stays a failure; another way counts only once it was rehearsed.
        """
        state, reason = self.known.get(id, ("", ""))
        unknown = state == ANOTHER_WAY and verdict.state == NOT_REHEARSED
        if state and verdict.state != FAILED and not unknown:
            return Verdict(state, reason)
        return Verdict(_OF_CHECKS.get(verdict.state, verdict.state), verdict.reason)

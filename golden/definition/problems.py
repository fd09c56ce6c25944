"""Every problem of a definition, collected in one run and raised as one error."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from golden.errors import UserError


@dataclass(frozen=True, order=True)
class Problem:
    """One defect: where it is (file, line from 1, path of keys inside the file) and what to do."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        return f"{where}: {self.path}: {self.message}" if self.path else f"{where}: {self.message}"


@dataclass
class Problems:
    """The problems found so far; their file names are relative to `root`."""

    root: Path
    found: set[Problem] = field(default_factory=set)

    def add(self, file: Path, line: int, path: str, message: str) -> None:
        """Note a problem; the same one noted twice counts once."""
        self.found.add(Problem(self.shown(file), line, path, message))

    def shown(self, file: Path) -> str:
        """`file` as messages name it."""
        return str(file.relative_to(self.root) if file.is_relative_to(self.root) else file)

    def raise_any(self) -> None:
        """Raise UserError with a line per problem, in file order, when there are any."""
        if self.found:
            raise UserError("\n".join(str(problem) for problem in sorted(self.found)))


def nearest(name: str, valid: Iterable[str]) -> str:
    """The end of a message about an unknown `name`: the likeliest name, else the valid ones."""
    choices = sorted(valid)
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    if not choices:
        return "there are none"
    if len(choices) > MOST_LISTED:
        return f"there are {len(choices)}, from '{choices[0]}' to '{choices[-1]}'"
    return "valid: " + ", ".join(choices)


# Longer lists (the guide has 291 ids) hide the message they end.
MOST_LISTED = 25

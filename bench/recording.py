"""What a recorded run has done and seen; any deviation from what it should show ends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from golden import log
from golden.errors import StageError


@dataclass
class Record:
    """What was done and seen: `stages` with their seconds, `findings` of a sentence each, and the
    printed `texts` by title."""

    stages: list[tuple[str, float]] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def stage(self, name: str, work: Callable[[], Any]) -> Any:
        """Do `work`, tell so, and note how long it took."""
        log.info(f"=== {name}")
        began = time.monotonic()
        result = work()
        self.stages.append((name, time.monotonic() - began))
        log.info(f"    {self.stages[-1][1]:.1f} s")
        return result

    def document(self, title: str, about: str) -> str:
        """What the run showed, and how long it took; `about` says what wrote it, and of what."""
        lines = [
            *(f"# {title}", "", about, ""),
            *(f"- {sentence}" for sentence in self.findings),
            *("", "| stage | seconds |", "|---|---|"),
            *(f"| {name} | {seconds:.1f} |" for name, seconds in self.stages),
        ]
        return "\n".join(lines) + "\n"

    def seconds(self, name: str) -> float:
        """How long a stage took."""
        return dict(self.stages)[name]


def require(fact: bool, what: str, file: Path) -> None:
    """Raise StageError, saying `what` deviates and which `file` has all of it, unless `fact`."""
    if not fact:
        raise StageError("record", f"the run deviates: {what}", log=file)


def next_version(version: str) -> str:
    """The version of Synnefo after `version`, by its last number."""
    first, _, last = version.rpartition(".")
    return f"{first}.{int(last) + 1}"

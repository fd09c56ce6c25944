"""What an operator must know when Synnefo moves to a version: images/releases/notes/."""

from __future__ import annotations

from pathlib import Path

from debian.debian_support import Version

from golden import paths
from golden.definition.document import read
from golden.definition.problems import Problems

FILE = Path("images/releases/notes/synnefo.yaml")


def crossed(old: str, new: str, root: Path = paths.ROOT) -> list[tuple[str, str]]:
    """The notes of all versions above `old` up to `new`, as (version, note), the oldest first.

    Going back crosses the same ones the other way, the newest first. Raises UserError when the file
    is not a list of texts for each version.
    """
    notes = _read(root)
    low, high = sorted((Version(old), Version(new)))
    passed = sorted((v for v in notes if low < Version(v) <= high), key=Version)
    if Version(new) < Version(old):
        passed.reverse()
    return [(version, note) for version in passed for note in notes[version]]


def _read(root: Path) -> dict[str, list[str]]:
    problems = Problems(root)
    document = read(root / FILE, problems)
    for version, texts in document.data.items():
        sound = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        if not sound or not version[:1].isdigit():
            document.problem((version,), "must be a version with a list of texts")
    problems.raise_any()
    return document.data

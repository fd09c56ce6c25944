"""docs/wheezy.md and docs/synnefo.md: numbered facts with sources, which comments cite."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from golden.paths import ROOT
from tests.unit.test_style import committed, relative

DOCUMENTS = {"W": ROOT / "docs" / "wheezy.md", "S": ROOT / "docs" / "synnefo.md"}
# A list item or the first cell of a table's row begins with the number.
FACT = re.compile(r"^(?:- |\| )\*\*([WS]\d+\.\d+)\*\* ", re.MULTILINE)
CITED = re.compile(r"\b[WS]\d+\.\d+\b")
# Documents, by path or as a word with a row's number, that must be in the repository to be cited.
PLACE = re.compile(r"(?<![\w/.-])(?:docs|facts|guide|contract)/[\w.-]+\.(?:md|json|yaml|txt)\b")
OUTSIDE = re.compile(r"\bfacts (?:section )?\d|\bcontracts (?:§ ?)?\d|\bguide[_]bug\b")
KNOWN = re.compile(r"\((?:tried|read|assumed)\b")


def facts(letter: str) -> list[str]:
    """The numbers that the document of `letter` gives, in its order."""
    return FACT.findall(DOCUMENTS[letter].read_text())


def sections(letter: str) -> Iterator[tuple[int, str]]:
    """(number, text) of each section."""
    parts = re.split(r"^## (\d+) ", DOCUMENTS[letter].read_text(), flags=re.MULTILINE)
    yield from zip(map(int, parts[1::2]), parts[2::2], strict=True)


@pytest.mark.parametrize("letter", DOCUMENTS)
def test_numbers_follow_one_another(letter: str) -> None:
    for section, text in sections(letter):
        found = FACT.findall(text)
        assert found == [f"{letter}{section}.{at}" for at in range(1, len(found) + 1)]
        assert found, f"section {section} has no fact"


@pytest.mark.parametrize("letter", DOCUMENTS)
def test_every_fact_says_how_it_is_known(letter: str) -> None:
    for section, text in sections(letter):
        rows, items = FACT.findall(text.partition("\n- ")[0]), re.split(r"\n- ", text)[1:]
        assert not rows or KNOWN.search(text), f"the table of section {section} has no source"
        assert [item[:60] for item in items if not KNOWN.search(item)] == []


def test_what_is_cited_is_a_fact() -> None:
    known = {fact for letter in DOCUMENTS for fact in facts(letter)}
    cited = [
        (relative(path), fact)
        for path in committed()
        for fact in CITED.findall(path.read_text(errors="replace"))
    ]
    assert [each for each in cited if each[1] not in known] == []


def test_no_document_outside_the_repository_is_cited() -> None:
    texts = {path: path.read_text(errors="replace") for path in committed()}
    missing = [
        (relative(path), place)
        for path, text in texts.items()
        for place in PLACE.findall(text)
        if not (ROOT / place).is_file()
    ]
    words = [
        (relative(path), word) for path, text in texts.items() for word in OUTSIDE.findall(text)
    ]
    assert missing + words == []


def test_files_named_as_proof_are_there() -> None:
    place = re.compile(r"(?<![\w/.-])(?:tests|scripts|golden|images)/[\w./-]+\.\w+")
    named = {file for path in DOCUMENTS.values() for file in place.findall(path.read_text())}
    assert [file for file in named if not (ROOT / file).is_file()] == []
    assert named, "no proof is named any more"

"""Every recorded row is answered as by the real one, or stands in known.yaml with the reason."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from golden.paths import ROOT
from tests.contract.play import EXACT, TOO_KIND, UNDRIVEN, UNPLAYED, WRONG, Play

pytestmark = pytest.mark.slow
KNOWN: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("known.yaml").read_text()
)


def listed() -> dict[str, str]:
    """Row -> the kind it is known as."""
    return {
        row: kind.replace("_", " ")
        for kind, reasons in KNOWN.items()
        for rows in reasons.values()
        for row in rows
    }


def test_nothing_is_answered_more_kindly_than_by_the_real_one(played: Play) -> None:
    found = {row: told for row, (kind, told) in played.outcomes.items() if kind == TOO_KIND}
    assert found == {}


def test_every_row_is_exact_or_known_with_a_reason(
    played: Play, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = Counter(kind for kind, _ in played.outcomes.values())
    with capsys.disabled():
        print(f"\ncontract: {', '.join(f'{n} {kind}' for kind, n in counts.most_common())}")
    known = listed()
    surprises = {
        row: f"{kind}, known as {known.get(row, EXACT)}: {'; '.join(told)[:300]}"
        for row, (kind, told) in played.outcomes.items()
        if kind != known.get(row, EXACT)
    }
    assert surprises == {}, "mend the stand-in, or correct known.yaml where the row got better"


def test_the_readmes_tell_the_counts(played: Play) -> None:
    counts = Counter(kind for kind, _ in played.outcomes.values())
    own = Path(__file__).with_name("README.md").read_text()
    for kind in (EXACT, UNPLAYED, WRONG, UNDRIVEN):
        assert re.search(rf"^\| {kind}\b.* \| {counts[kind]} \|$", own, re.MULTILINE), kind
    text = " ".join((ROOT / "README.md").read_text().split())
    assert f"{counts[EXACT]} they give exactly, {counts[UNPLAYED]} times they say" in text


def test_known_rows_are_rows_and_named_once(played: Play) -> None:
    rows = [row for reasons in KNOWN.values() for rows in reasons.values() for row in rows]
    assert [row for row, times in Counter(rows).items() if times > 1] == []
    assert sorted(set(rows) - set(played.outcomes)) == []


def test_rows_of_kamaki_alone_are_not_played(played: Play) -> None:
    left = set(played.http) - set(played.outcomes)
    assert left == set()
    commands = {row for row, data in played.commands.items() if data["argv"][0] != "kamaki"}
    assert commands - set(played.outcomes) == set()

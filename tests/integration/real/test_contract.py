"""Synnefo's own packages answer as the Synnefo did that was recorded (tests/contract/README.md).

scripts/host/record-real runs this at last on the site that it has rehearsed: its rows make users,
change quotas and remove files. Stand-ins are held against the recording without nodes, by
tests/contract/test_contract.py.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator

import pytest
import yaml

from bench.real import CONTRACT
from golden import atomic
from golden.definition import Site, load
from golden.paths import ARTIFACTS, ROOT
from tests.contract.booted import booted, given
from tests.contract.order import replay
from tests.contract.play import EXACT, UNDRIVEN, Play

# {why: a pattern}; the file says of what.
REASONS: dict[str, str] = yaml.safe_load((ROOT / "tests" / "contract" / "booted.yaml").read_text())


pytestmark = pytest.mark.skipif(
    "GOLDEN_SITE" not in os.environ,
    reason="scripts/host/record-real runs it, on a site that is thrown away afterwards",
)


@pytest.fixture(scope="module")
def site() -> Site:
    """The site that the checks' variable names, asked for late: `inv test` collects this file."""
    return load(os.environ["GOLDEN_SITE"])


@pytest.fixture(scope="module")
def played(site: Site) -> Iterator[Play]:
    with booted(site) as place:
        yield replay(place, given(site, place.connection))


def because(text: str) -> str:
    """Why an answer may differ as `text` says; empty where nothing says so."""
    return next((why for why, form in REASONS.items() if re.search(form, text, re.DOTALL)), "")


def test_it_answers_as_the_recorded_one(site: Site, played: Play) -> None:
    counts: Counter[str] = Counter()
    surprises = []
    for row, (kind, told) in played.outcomes.items():
        if kind == EXACT:
            counts["as recorded"] += 1
        elif kind == UNDRIVEN:
            counts["not asked: Apache's own answer"] += 1
        elif why := because(text := f"{row} {kind}: {'; '.join(told)}"):
            counts[f"differs: {why}"] += 1
        else:
            surprises.append(text[:400])
    lines = [f"| {number} | {what} |" for what, number in counts.most_common()]
    table = "\n".join(["| rows | |", "|---|---|", *lines, ""])
    atomic.write(ARTIFACTS / site.name / CONTRACT, table)
    assert not surprises, "\n".join(surprises)

"""Synnefo's set moves as a whole, and what upstream says to the versions crossed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from golden import definition
from golden.bump import notes
from golden.errors import UserError
from golden.packages import synnefo
from tests.unit.images.test_synnefo_packages import SYNNEFO
from tests.unit.small_site import small_site


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0.16.2-1~wheezy", "0.16.2"),
        ("0.16.2+standin", "0.16.2"),
        ("1:0.17-2", "0.17"),
        ("2.10.7+snap1-1~wheezy", "2.10.7+snap1"),
    ],
)
def test_the_version_of_synnefo_in_that_of_a_package(version: str, words: str) -> None:
    assert synnefo.upstream(version) == words


def test_the_set_of_each_release() -> None:
    assert synnefo.members(definition.load("example").release) == set(SYNNEFO)
    built = synnefo.members(definition.load("rehearsal").release)
    assert {"snf-common", "snf-astakos-app", "snf-cyclades-gtools"} <= built
    assert not {"kamaki", "snf-image", "archipelago"} & built


OFFERS = {
    "snf-common": ["0.17-1", "0.16.2-2", "0.16.2-1"],
    "snf-pithos-app": ["0.17-2", "0.16.2-1"],
}


def test_the_newest_that_all_have_is_chosen() -> None:
    assert synnefo.choose("0.16.2", OFFERS, "wheezy") == "0.16.2-1"


def test_a_version_that_no_source_has() -> None:
    with pytest.raises(UserError) as caught:
        synnefo.choose("0.18", OFFERS, "wheezy")
    assert str(caught.value) == (
        "--synnefo 0.18: no source of release wheezy has it of snf-common, snf-pithos-app; they "
        "have: 0.16.2, 0.17"
    )


def test_a_set_of_which_no_version_is_whole() -> None:
    with pytest.raises(UserError, match=r"no version that.*snf-common 0\.17-1; snf-pithos-app"):
        synnefo.choose("0.17", OFFERS, "wheezy")


def test_a_mixed_set_is_refused() -> None:
    members = frozenset(OFFERS)
    synnefo.require_one({"snf-common": "1", "snf-pithos-app": "1", "kamaki": "2"}, members)
    with pytest.raises(UserError, match="snf-common 1, snf-pithos-app 2; move them all with"):
        synnefo.require_one({"snf-common": "1", "snf-pithos-app": "2", "kamaki": "2"}, members)


def test_a_release_without_pins_and_standins_has_no_set() -> None:
    assert synnefo.members(replace(small_site().release, pins={})) == frozenset()


def test_notes_of_every_version_crossed_and_no_other() -> None:
    assert {version for version, _ in notes.crossed("0.16.1", "0.16.2")} == {"0.16.2"}
    assert notes.crossed("0.16.2", "0.16.3") == []
    assert notes.crossed("0.16.2", "0.16.2") == []
    up = list(dict.fromkeys(version for version, _ in notes.crossed("0.15", "0.17")))
    down = list(dict.fromkeys(version for version, _ in notes.crossed("0.17", "0.15")))
    assert up == ["0.16", "0.16.2", "0.17"] == down[::-1]


@pytest.mark.parametrize("text", ['"0.17": one', '"0.17": [1]', "next: [text]"])
def test_notes_in_another_form(tmp_path: Path, text: str) -> None:
    file = tmp_path / notes.FILE
    file.parent.mkdir(parents=True)
    file.write_text(text)
    with pytest.raises(UserError, match=r"synnefo\.yaml:1: .*must be a version with a list"):
        notes.crossed("0.16", "0.18", tmp_path)

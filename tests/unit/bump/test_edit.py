"""A release file is edited where it must, and keeps every other byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden.bump import edit
from golden.errors import UserError

TEXT = """\
# A release.
synnefo: "0.16.2" # of 2015
debian: 12

pins:
  # the build that works
  web: 1.0-1~twelve # see the bug
  'db':   "9.1"
  # a last word

facts: {a: 1} # not: "synnefo: 0.16.2"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "images/releases/twelve.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT)
    return path


def test_a_key_keeps_its_quotes_and_its_comment(file: Path) -> None:
    edit.set_key(file, "synnefo", "0.17", file.parent)
    assert file.read_text() == TEXT.replace('synnefo: "0.16.2" #', 'synnefo: "0.17" #', 1)


@pytest.mark.parametrize(
    ("package", "version", "old", "new"),
    [
        ("web", "1.1-1~twelve", "web: 1.0-1~twelve #", "web: 1.1-1~twelve #"),
        # Without quotes it would be a number.
        ("web", "2.0", "web: 1.0-1~twelve #", 'web: "2.0" #'),
        ("db", "9.2", '"9.1"', '"9.2"'),
    ],
)
def test_a_pin_is_moved(file: Path, package: str, version: str, old: str, new: str) -> None:
    edit.pin(file, package, version, file.parent)
    assert file.read_text() == TEXT.replace(old, new)


def test_a_new_pin_follows_the_last_one(file: Path) -> None:
    edit.pin(file, "mail", "3", file.parent)
    assert file.read_text() == TEXT.replace('"9.1"\n', '"9.1"\n  mail: "3"\n')


def test_the_first_pin_of_all(file: Path) -> None:
    file.write_text("debian: 12")
    edit.pin(file, "mail", "3-1", file.parent)
    edit.set_key(file, "synnefo", "0.17", file.parent)
    assert file.read_text() == 'debian: 12\n\npins:\n  mail: "3-1"\nsynnefo: "0.17"\n'


@pytest.mark.parametrize("pins", ["pins: {web: '1'}", "pins: {}", "pins:"])
def test_pins_in_another_form(file: Path, pins: str) -> None:
    file.write_text(f"debian: 12\n{pins}\n")
    with pytest.raises(UserError, match=r"twelve\.yaml:2: pins: write one pin a line"):
        edit.pin(file, "mail", "3", file.parent)
    assert file.read_text() == f"debian: 12\n{pins}\n"

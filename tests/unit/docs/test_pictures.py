"""The pictures of the report: one for each page, small, and shown by the README."""

from __future__ import annotations

import sys

import pytest

from bench import pictures
from golden import paths
from golden.errors import UserError
from golden.pages import PAGES

MOST_BYTES = 600_000


def test_each_page_has_a_picture_that_the_readme_shows() -> None:
    readme = (paths.ROOT / "README.md").read_text()
    taken = sorted(pictures.PICTURES.iterdir())
    assert [path.stem for path in taken] == sorted(PAGES)
    assert all(path.read_bytes()[8:12] == b"WEBP" for path in taken)
    assert [path.name for path in taken if f"(docs/pictures/{path.name})" not in readme] == []
    assert sum(path.stat().st_size for path in taken) < MOST_BYTES


def test_a_site_without_a_report_is_told_how_to_make_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["record-pictures", "nosuch"])
    monkeypatch.setattr("tests.checks.browser.is_installed", lambda: True)
    with pytest.raises(UserError, match=r"make it with: \./inv report --site nosuch"):
        pictures.main()

"""The documentation as a whole: what is made is up to date, and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from golden.menu import reference
from golden.paths import ROOT
from tests.unit.docs.pages import PAGES
from tests.unit.test_style import committed, relative

_LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("file", reference.texts(), ids=str)
def test_what_is_made_is_up_to_date(file: Path) -> None:
    assert (ROOT / file).read_text() == reference.texts()[file], "./inv render writes it"


def test_what_is_made_is_written_once(tmp_path: Path) -> None:
    assert reference.write(tmp_path) == list(reference.texts())
    assert reference.write(tmp_path) == []


def test_every_task_and_key_has_its_line() -> None:
    text = reference.reference()
    assert "### `./inv diff A B`" in text and "### `./inv release.promote`" in text
    assert "| `nodes[].disk.serial` |" in text and "--target=STRING" in text


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_to_files_of_the_repository(page: Path) -> None:
    known = set(committed())
    links = [link for link in _LINK.findall(page.read_text()) if "://" not in link]
    targets = {link: (page.parent / link).resolve() for link in links}
    missing = [
        link
        for link, target in targets.items()
        if target not in known and not any(target in path.parents for path in known)
    ]
    assert missing == []


def test_the_index_has_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    assert [page.name for page in PAGES[1:] if page.name not in ("README.md",)] == [
        page.name for page in PAGES[1:] if f"]({page.name})" in index
    ]

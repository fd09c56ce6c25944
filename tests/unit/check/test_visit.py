"""The browser of the checks goes on where its host's network changed under it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from tests.checks.visit import Visit


class Driver:
    """Shows the pages one after the other."""

    def __init__(self, *pages: str) -> None:
        self.pages = list(pages)
        self.page_source = ""

    def get(self, _url: str) -> None:
        self.page_source = self.pages.pop(0)


def test_an_interrupted_page_is_asked_for_once_more() -> None:
    driver = Driver("<p>ERR_NETWORK_CHANGED</p>", "<p>login</p>")
    Visit(cast("Any", driver), Path()).open("https://a.test/")
    assert driver.page_source == "<p>login</p>"


def test_another_page_is_not() -> None:
    driver = Driver("<p>login</p>", "<p>again</p>")
    Visit(cast("Any", driver), Path()).open("https://a.test/")
    assert driver.page_source == "<p>login</p>"

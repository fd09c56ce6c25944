"""The report in a browser, as a person opens it: from files, without a network, light and dark;
and the page of work that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.selenium import Axe
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from golden import live, log
from golden.pages import PAGES
from tests.checks import browser
from tests.unit.pages import sample

pytestmark = pytest.mark.slow
GRAVE = ("serious", "critical")


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    sample.artifacts(tmp_path, monkeypatch)
    # A picture that a browser can show: one pixel.
    (tmp_path / sample.SITE / "report" / "1-login.png").write_bytes(PIXEL)
    return sample.written()


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    with browser.chromium(["--allow-file-access-from-files"]) as driver:
        yield driver


def faults(driver: Chrome) -> list[str]:
    """What axe-core finds that keeps people from using the page."""
    found: dict[str, Any] = Axe().run(driver)
    return [
        f"{one['id']}: {one['nodes'][0]['html']}"
        for one in found["violations"]
        if one["impact"] in GRAVE
    ]


def prefer(driver: Chrome, scheme: str) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole_and_usable_by_anyone(
    page: str, scheme: str, report: Path, driver: Chrome
) -> None:
    prefer(driver, scheme)
    driver.get((report / f"{page}.html").as_uri())
    assert driver.get_log("browser") == []
    assert driver.find_element(By.CSS_SELECTOR, "nav [aria-current]").text == PAGES[page]
    assert faults(driver) == []


def test_the_guide_is_searched(report: Path, driver: Chrome) -> None:
    driver.get((report / "guide.html").as_uri())
    driver.find_element(By.ID, "words").send_keys("gunicorn gevent")
    shown = [row for row in driver.find_elements(By.CSS_SELECTOR, "#actions tr[id]") if row.text]
    assert 0 < len(shown) < 20
    assert "G009" in [row.get_attribute("id") for row in shown]
    assert driver.find_element(By.ID, "shown").text == f"{len(shown)} actions"


def test_sixty_columns_need_no_sideways_scrolling(report: Path, driver: Chrome) -> None:
    driver.set_window_size(500, 900)
    for page in PAGES:
        driver.get((report / f"{page}.html").as_uri())
        wide = driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_work_that_goes_on_is_followed_to_its_end(scheme: str, driver: Chrome) -> None:
    prefer(driver, scheme)

    def shown(text: str) -> None:
        WebDriverWait(driver, 20).until(lambda driver: text in driver.page_source)

    with live.served("Boot of site rehearsal") as server, log.progress() as progress:
        first = progress.task("node1", expected=1000)
        second = progress.task("node2", needs=["node1"])
        driver.get(server.url)
        shown("waits for node1")
        first.say("step 3 of 46, schema")
        shown("step 3 of 46, schema")
        assert driver.find_elements(By.CSS_SELECTOR, "progress[aria-label=node1]")
        assert faults(driver) == []
        first.done("ready")
        shown("1 of 2 done")
        second.begin()
        second.done("ready")
    shown("Done.")
    assert driver.get_log("browser") == []
    assert faults(driver) == []

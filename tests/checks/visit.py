"""A person's way through the site: log in, then follow the cloudbar; each stop is photographed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from tests.checks.browser import PAGE_SECONDS

# What Chromium shows when any interface of its host comes or goes meanwhile, a container's say.
INTERRUPTED = "ERR_NETWORK_CHANGED"


@dataclass(frozen=True)
class Visit:
    """A browser at work; its screenshots go to `folder`."""

    driver: WebDriver
    folder: Path

    def open(self, url: str) -> None:
        """Go to an address."""
        self.driver.get(url)
        if INTERRUPTED in self.driver.page_source:
            self.driver.get(url)

    def log_in(self, user: str, password: str) -> None:
        """Fill in the login form of the page, and wait until another page has come."""
        before = self.driver.current_url
        self.driver.find_element(By.NAME, "username").send_keys(user)
        field = self.driver.find_element(By.NAME, "password")
        field.send_keys(password)
        field.submit()
        self._until(lambda: self.driver.current_url != before, "the login leads nowhere")

    def follow(self, url: str) -> None:
        """Click on the link to `url`, which the cloudbar's script puts on the page."""
        places = f"a[href='{url}'], a[href='{url.rstrip('/')}']"
        find = self.driver.find_elements
        self._until(lambda: bool(find(By.CSS_SELECTOR, places)), f"no link to {url}")
        find(By.CSS_SELECTOR, places)[0].click()
        self._until(lambda: self.driver.current_url.startswith(url), f"the link is not to {url}")

    def text(self) -> str:
        """What can be read on the page."""
        return str(self.driver.find_element(By.TAG_NAME, "body").text)

    def wait_for(self, words: str) -> None:
        """Wait until `words` can be read on the page: its scripts may have to ask for them."""
        self._until(lambda: words in self.text(), f"'{words}' does not appear")

    def photograph(self, name: str) -> Path:
        """Save what is seen as `name`.png."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{name}.png"
        path.write_bytes(self.driver.get_screenshot_as_png())
        return path

    def _until(self, true: Callable[[], bool], otherwise: str) -> None:
        try:
            WebDriverWait(self.driver, PAGE_SECONDS).until(lambda _: true())
        except TimeoutException:
            here = f"{self.driver.title} at {self.driver.current_url}"
            raise AssertionError(f"{otherwise}; the page is: {here}") from None

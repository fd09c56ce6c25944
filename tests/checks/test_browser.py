"""What a person sees: log in with a browser, follow the cloudbar; screenshots for the report."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By

from golden.check import synnefo
from golden.check.connection import Connection
from golden.keys import pki, secrets
from golden.paths import ARTIFACTS
from tests.checks import browser
from tests.checks.subjects import SITE, brings, hosts
from tests.checks.tunnel import tunnel
from tests.checks.visit import Visit

pytestmark = [
    pytest.mark.skipif(not hosts("astakos"), reason="no node has Astakos"),
    pytest.mark.skipif(not browser.is_installed(), reason=browser.MISSING),
]
REPORT = ARTIFACTS / SITE.name / "report"


@pytest.fixture(scope="module")
def visitor(connection: Connection) -> Iterator[Visit]:
    """At the first address that the guide names, not logged in."""
    known = secrets.load(SITE)
    certificates = [pki.ensure(SITE, node, known).certificate for node in SITE.nodes]
    node = hosts("astakos")[0].name
    with tunnel(connection.config, node) as port:
        options = [*browser.through(port), browser.trusting(certificates)]
        with browser.chromium(options) as driver:
            visit = Visit(driver, REPORT)
            visit.open(synnefo.url(SITE, "astakos").replace("https:", "http:"))
            yield visit


@pytest.fixture(scope="module")
def user(visitor: Visit) -> Visit:
    """Logged in as the first user."""
    visitor.open(synnefo.url(SITE, "astakos", "/ui/login"))
    visitor.log_in(synnefo.user(SITE), secrets.load(SITE).values["user_password"])
    return visitor


@pytest.mark.guide("G124")
def test_login_page_is_seen(visitor: Visit) -> None:
    visitor.photograph("1-login")
    assert visitor.driver.current_url.startswith(synnefo.url(SITE, "astakos", "/ui/"))
    assert visitor.driver.find_element(By.NAME, "password").is_displayed()


@pytest.mark.guide("G128", "G290")
def test_profile_is_seen_after_the_login(user: Visit) -> None:
    user.open(synnefo.url(SITE, "astakos", "/ui/profile"))
    user.photograph("2-profile")
    assert synnefo.user(SITE) in user.text()


@brings("snf-pithos-webclient")
@pytest.mark.guide("G147")
def test_cloudbar_leads_to_pithos(user: Visit) -> None:
    user.open(synnefo.url(SITE, "astakos", "/ui/profile"))
    user.follow(synnefo.url(SITE, "pithos", "/ui/"))
    user.photograph("3-pithos")
    assert "Pithos" in user.driver.title


@brings("snf-pithos-webclient")
@pytest.mark.guide("G269")
def test_cloudbar_leads_to_cyclades(user: Visit) -> None:
    user.open(synnefo.url(SITE, "pithos", "/ui/"))
    user.follow(synnefo.url(SITE, "cyclades", "/ui/"))
    user.photograph("4-cyclades")
    assert user.text().strip(), "an empty page"


@pytest.mark.guide("G291")
def test_dashboard_lists_the_user(user: Visit) -> None:
    user.open(synnefo.url(SITE, "admin", "/"))
    user.wait_for(synnefo.user(SITE))
    user.photograph("5-admin")

"""A Chromium without a screen that sees a booted site as a person in its network does.

This host reaches the nodes only by ssh, so the browser goes through an ssh connection of its own
(a SOCKS proxy, which also resolves names at the node). It trusts the very certificates that the
site's nodes were given: that they are trusted through the site's CA is proven by other checks.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from golden import run

MISSING = "chromium is not installed (apt-get install chromium chromium-driver)"
# Emulated nodes answer slowly, and a page asks for several things.
PAGE_SECONDS = 180
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--window-size=1280,900",
)


def is_installed() -> bool:
    """Whether this host has the browser and what drives it."""
    return run.which("chromium") is not None and run.which("chromedriver") is not None


def through(port: int) -> list[str]:
    """The options for a browser that has no way but the proxy, not even for a name."""
    return [
        f"--proxy-server=socks5://127.0.0.1:{port}",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    ]


def trusting(certificates: Sequence[str]) -> str:
    """The option for a browser that takes these certificates (PEM) and no other."""
    hashes = [_hash(x509.load_pem_x509_certificate(pem.encode())) for pem in certificates]
    return f"--ignore-certificate-errors-spki-list={','.join(hashes)}"


def _hash(certificate: x509.Certificate) -> str:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


@contextmanager
def chromium(options: Sequence[str]) -> Iterator[webdriver.Chrome]:
    """A new browser with an empty profile, closed in the end."""
    with tempfile.TemporaryDirectory(prefix="golden-chromium-") as profile:
        chosen = webdriver.ChromeOptions()
        chosen.binary_location = str(run.which("chromium"))
        for option in (*QUIET, f"--user-data-dir={profile}", *options):
            chosen.add_argument(option)
        driver = webdriver.Chrome(chosen, Service(str(run.which("chromedriver"))))
        driver.set_page_load_timeout(PAGE_SECONDS)
        try:
            yield driver
        finally:
            driver.quit()

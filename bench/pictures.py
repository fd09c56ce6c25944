"""scripts/host/record-pictures SITE: the pages of a site's report as pictures, for the README.

WebP, as a browser draws it itself: a quarter of the bytes of PNG.
"""

from __future__ import annotations

import base64
import sys

from bench.ending import exit_code
from golden import atomic, log, paths
from golden.errors import UserError
from golden.pages import FOLDER, PAGES
from tests.checks import browser

PICTURES = paths.ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 1100, 760
QUALITY = 60


def main() -> int:
    """Take the pictures. Raises UserError for a site without a report, a host without Chromium."""
    if len(sys.argv) != 2:
        raise UserError("usage: scripts/host/record-pictures SITE")
    if not browser.is_installed():
        raise UserError(browser.MISSING)
    site = sys.argv[1]
    folder = paths.ARTIFACTS / site / FOLDER
    if not (folder / "index.html").is_file():
        raise UserError(f"site {site} has no report; make it with: ./inv report --site {site}")
    options = ["--allow-file-access-from-files", f"--window-size={WIDTH},{HEIGHT}"]
    with browser.chromium(options) as driver:
        for page in PAGES:
            driver.get((folder / f"{page}.html").as_uri())
            wanted = {"format": "webp", "quality": QUALITY}
            taken = driver.execute_cdp_cmd("Page.captureScreenshot", wanted)
            target = PICTURES / f"{page}.webp"
            atomic.write(target, base64.b64decode(taken["data"]))
            log.info(f"{paths.shown(target)}: {target.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))

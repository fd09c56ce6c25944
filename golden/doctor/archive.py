"""Where a release's packages come from: whether every source answers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from golden.host import Finding, Host


def mirrors(host: Host, places: Iterable[tuple[str, str]], definition: str) -> Finding:
    """Each of `places` (URL and suite) answers, or lies on this host."""
    found = {suite: _head(host, url, suite) for url, suite in places}
    lost = [why for why in found.values() if why]
    if not lost:
        return Finding("mirror", True, True, f"answers for {', '.join(found)}")
    detail = f"{'; '.join(lost)}; name a mirror that answers, or a copy on this host as file:///…"
    return Finding("mirror", False, True, detail, f"sensible-editor {definition}")


def _head(host: Host, url: str, suite: str) -> str:
    """What is wrong with a suite's Release file; empty when it is there."""
    # A suite that ends in a slash is the path of a flat repository: sources.list(5).
    folder = suite if suite.endswith("/") else f"dists/{suite}/"
    address = f"{url.rstrip('/')}/{folder}Release"
    if urlsplit(url).scheme in ("file", "copy"):
        return "" if host.exists(Path(urlsplit(address).path)) else f"{address}: no such file"
    status = host.http_status(address)
    return "" if status == 200 else f"{address}: {status}"

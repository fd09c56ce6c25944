"""How long a site's services are away during an upgrade, as a client on this host sees it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from types import TracebackType

import requests
import urllib3

from golden.definition import Site

EVERY_SECONDS = 0.5
PATIENCE_SECONDS = 2.0
# What a client asks for first of each service: a path below its host's name.
PATHS: Mapping[str, str] = {
    "astakos": "/astakos/ui/login",
    "cyclades": "/cyclades/compute/v2.0/",
    "pithos": "/pithos/object-store/v1/",
}
RAPI_PORT = 5080


class Prober:
    """Asks each service again and again while the block runs: {service: seconds away}.

    A service that does not answer when the block begins is not asked: this host has no way to it
    (the nodes of target qemu have a network of their own).
    """

    def __init__(self, site: Site) -> None:
        self._pages = _pages(site)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self.away: dict[str, float] = {}

    def __enter__(self) -> Prober:
        # For each question, that nothing proves who answers.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self.away = {name: 0.0 for name, page in self._pages.items() if _serves(*page)}
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _ask(self) -> None:
        seen = dict.fromkeys(self.away, time.monotonic())
        while not self._ended.wait(EVERY_SECONDS):
            for name in self.away:
                began = time.monotonic()
                if _serves(*self._pages[name]):
                    seen[name] = began
                else:
                    self.away[name] += time.monotonic() - seen[name]
                    seen[name] = time.monotonic()


def _pages(site: Site) -> dict[str, tuple[str, str]]:
    """{service: (URL, the name by which its host knows itself)}."""
    hosts = {name: site.host_of(name) for name in PATHS}
    found = {
        name: (f"https://{node.address}{PATHS[name]}", node.fqdn) for name, node in hosts.items()
    }
    master = site.host_of("ganeti-master")
    return found | {"rapi": (f"https://{master.address}:{RAPI_PORT}/version", master.fqdn)}


def _serves(url: str, host: str) -> bool:
    """Whether the service itself answers: with a page, a redirection, or that a token is wanted."""
    session = requests.Session()
    # No proxy of this host's is between.
    session.trust_env = False
    try:
        # The site's own CA is not this host's; nothing secret is sent.
        found = session.get(
            url,
            headers={"Host": host},
            timeout=PATIENCE_SECONDS,
            verify=False,
            allow_redirects=False,
        )
    except requests.RequestException:
        return False
    return found.status_code < 500

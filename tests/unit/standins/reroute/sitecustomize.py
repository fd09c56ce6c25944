"""Loaded by the stand-ins' Python in tests: sends https:// requests to services of the test.

ROUTES is JSON, URL prefix -> where it really is. Apache's part, TLS and its header, is left out.
"""

import json
import os
from pathlib import Path

import pithos.store
import requests

ROUTES = json.loads(os.environ.get("ROUTES", "{}"))
pithos.store.SEGMENT = Path(os.environ.get("SEGMENT", "/nonexistent"))
_request = requests.Session.request


def reroute(self, method, url, **more):
    """Send the request where the test wants it."""
    for start, real in ROUTES.items():
        if url.startswith(start):
            url = real + url.removeprefix(start)
            more["headers"] = {**(more.get("headers") or {}), "X-Forwarded-Proto": "https"}
    return _request(self, method, url, **more)


requests.Session.request = reroute

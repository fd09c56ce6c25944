"""What a registry asks of who reads or writes: nothing, a password, or a token bought with one.

The token's protocol: https://distribution.github.io/distribution/spec/auth/token/. The password is
that of the environment, else of the user's Docker configuration, where `docker login` puts it.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import parse_http_list, parse_keqv_list

import requests
from docker import auth
from docker.errors import DockerException
from requests.auth import AuthBase, _basic_auth_str

from golden.errors import UserError

USER, PASSWORD = "GOLDEN_REGISTRY_USER", "GOLDEN_REGISTRY_PASSWORD"
SECONDS = 60  # of silence


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address without a port, is this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Login(AuthBase):
    """Adds to requests to the registry at the URL `base`, and to no other host, what it wants."""

    def __init__(self, base: str) -> None:
        self._base, self._header = base, ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._header and str(request.url).startswith(f"{self._base}/"):
            request.headers["Authorization"] = self._header
        return request

    def answer(self, challenge: str) -> bool:
        """Have what `challenge`, a WWW-Authenticate header, asks for; False where that is not to be
        had. Raises UserError and requests.RequestException."""
        kind, _, rest = challenge.partition(" ")
        known = _credentials(urlsplit(self._base).netloc)
        if kind.lower() == "bearer":
            self._header = f"Bearer {self._token(parse_keqv_list(parse_http_list(rest)), known)}"
        elif kind.lower() == "basic" and known.get("username"):
            self._header = _basic_auth_str(known["username"], known["password"])
        else:
            return False
        return True

    def _token(self, wanted: Mapping[str, str], known: Mapping[str, str]) -> str:
        realm = wanted.get("realm", "")
        at = urlsplit(realm)
        # Who may be asked over plain HTTP was decided with the registry's own address.
        plain = self._base.startswith("http:") or is_loopback(at.hostname or "")
        if at.scheme != "https" and not (at.scheme == "http" and plain):
            raise UserError(
                f"{self._base}: wants a token from '{realm}', which is no https address"
            )
        asked = {name: wanted[name] for name in ("service", "scope") if name in wanted}
        if token := known.get("identitytoken"):
            form = {**asked, "grant_type": "refresh_token", "refresh_token": token}
            form["client_id"] = "golden"
            answer = requests.post(realm, data=form, timeout=SECONDS)
        else:
            given = (known["username"], known["password"]) if known.get("username") else None
            answer = requests.get(realm, params=asked, auth=given, timeout=SECONDS)
        answer.raise_for_status()
        found = answer.json()
        return str(found.get("token") or found.get("access_token"))


def _credentials(host: str) -> dict[str, str]:
    """`username` and `password`, or `identitytoken`, for the registry; {} where there are none."""
    if USER in os.environ:
        return {"username": os.environ[USER], "password": os.environ.get(PASSWORD, "")}
    try:
        found = auth.load_config().resolve_authconfig(host) or {}
    except DockerException as error:
        raise UserError(f"the Docker configuration has no login for {host}: {error}") from None
    # A file has names in lower case, a credential helper not.
    return {name.lower(): value for name, value in found.items()}

"""Client of the Astakos identity and quota APIs, as the other components use it."""

import sys
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
TRIES = 3  # after the first
# Hidden totals and what the stand-in does not charge.
UNCOUNTED = "cyclades.total_", "cyclades.network", "cyclades.floating"


class AstakosClientException(Exception):  # noqa: N818  (upstream's name)
    """The answer was an error; `status` is its code, 500 when there was none."""

    def __init__(self, message: str, status: int = 500) -> None:
        super().__init__(message)
        self.status = status


class AstakosClient:
    """`token` is a user's or a component's; `place` tells where it is set, for messages."""

    def __init__(self, auth_url: str, token: str, place: str = "") -> None:
        self.auth_url, self.token, self.place = auth_url, token, place

    def _call(self, method: str, url: str, body: Any = None) -> Any:
        session = requests.Session()
        session.mount("https://", HTTPAdapter(max_retries=Retry(TRIES, backoff_factor=1, read=0)))
        session.verify, session.headers["X-Auth-Token"] = CA_BUNDLE, self.token
        try:
            answer = session.request(method, url, json=body, timeout=30)
        except requests.RequestException as error:
            raise AstakosClientException(f"{url}: {error}") from error
        if answer.status_code >= 400:
            text = f"{url} answered {answer.status_code}: {answer.text} {self.place}"
            raise AstakosClientException(text.strip(), answer.status_code)
        return answer.json()

    def authenticate(self) -> dict[str, Any]:
        """The access of this client's user token: token, user, serviceCatalog."""
        body = {"auth": {"token": {"id": self.token}}}
        access: dict[str, Any] = self._call("POST", f"{self.auth_url}/tokens", body)["access"]
        return access

    def _account(self, path: str) -> str:
        return self.auth_url.removesuffix("/identity/v2.0") + "/account/v1.0/" + path

    def reconcile(self, used: dict[str, dict[str, int]], fix: bool) -> None:
        """Compare what users (uuid -> resource -> usage) hold with what Astakos counts."""
        wrong = False
        for user, resources in self._call("GET", self._account("service_quotas")).items():
            for name, quota in resources.items():
                difference = int(used.get(user, {}).get(name, 0)) - quota["usage"]
                if difference and not name.startswith(UNCOUNTED):
                    wrong = True
                    print(f"User {user}: {name} is off by {difference}.", file=sys.stderr)
                    if fix:
                        self.commission(user, {name: difference})
        if not wrong:
            print("Everything in sync.", file=sys.stderr)

    def commission(self, user: str, provisions: dict[str, int]) -> None:
        """Take from (or give back to) the user's quota. Raises with status 413 over the limit."""
        self._call("POST", self._account("commissions"), {"holder": user, "provisions": provisions})

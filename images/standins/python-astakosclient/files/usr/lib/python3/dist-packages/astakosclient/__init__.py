"""Client of the Astakos identity and quota APIs, as the other components use it."""

import sys
import time
from typing import Any

import requests

CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
TRIES = 4
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
        for attempt in range(1, TRIES + 1):
            try:
                headers = {"X-Auth-Token": self.token}
                answer = requests.request(
                    method, url, json=body, headers=headers, verify=CA_BUNDLE, timeout=30
                )
                break
            except requests.ConnectionError as error:
                print("AstakosClient request failed..retrying", file=sys.stderr)
                if attempt == TRIES:
                    raise AstakosClientException(f"{url}: {error}") from error
                time.sleep(1)
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

    def service_quotas(self) -> dict[str, dict[str, Any]]:
        """User uuid -> resource -> {usage, limit}; needs a component's token."""
        quotas: dict[str, dict[str, Any]] = self._call("GET", self._account("service_quotas"))
        return quotas

    def reconcile(self, used: dict[str, dict[str, int]], fix: bool) -> None:
        """Compare what users (uuid -> resource -> usage) hold with what Astakos counts."""
        wrong = False
        for user, resources in self.service_quotas().items():
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

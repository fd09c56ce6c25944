"""Client of the Astakos identity and quota APIs, as the other components use it."""

import json
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
TRIES = 3  # after the first


class AstakosClientException(Exception):  # noqa: N818  (upstream's name)
    """The answer was an error; `status` is its code, 500 when there was none, `text` its body."""

    def __init__(self, message: str, status: int = 500, text: str = "") -> None:
        super().__init__(message)
        self.status, self.text = status, text

    def fault(self) -> dict[str, Any]:
        """What the fault says."""
        return dict(next(iter(json.loads(self.text).values())))


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
            raise AstakosClientException(text.strip(), answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def authenticate(self) -> dict[str, Any]:
        """The access of this client's user token: token, user, serviceCatalog."""
        body = {"auth": {"token": {"id": self.token}}}
        access: dict[str, Any] = self._call("POST", f"{self.auth_url}/tokens", body)["access"]
        return access

    def _account(self, path: str) -> str:
        return self.auth_url.removesuffix("/identity/v2.0") + "/account/v1.0/" + path

    def quotas(self, user: str = "") -> dict[str, Any]:
        """What users hold of this client's component: uuid -> project -> resource."""
        query = f"?user={user}" if user else ""
        return dict(self._call("GET", self._account(f"service_quotas{query}")))

    def reconcile(self, used: dict[str, dict[str, int]], fix: bool) -> list[str]:
        """What differs between what users (uuid -> resource -> usage) hold and Astakos counts."""
        found = []
        for user, projects in self.quotas().items():
            for name, quota in projects[user].items():
                if difference := int(used.get(user, {}).get(name, 0)) - quota["usage"]:
                    found.append(f"User {user}: {name} is off by {difference}.")
                    if fix:
                        self.commission(user, {name: difference}, force=True)
        return found

    def commission(
        self, user: str, wanted: dict[str, int], *, accept: bool = True, force: bool = False
    ) -> int:
        """Take from (or give back to) the user's quota. Raises with status 413 over the limit."""
        place = {"holder": f"user:{user}", "source": f"project:{user}"}
        provisions = [place | {"resource": k, "quantity": v} for k, v in wanted.items()]
        body = {"auto_accept": accept, "force": force, "name": "", "provisions": provisions}
        return int(self._call("POST", self._account("commissions"), body)["serial"])

    def resolve(self, serial: int, *, accept: bool) -> None:
        """Accept or reject a commission."""
        how = "accept" if accept else "reject"
        self._call("POST", self._account(f"commissions/{serial}/action"), {how: ""})

"""What Pithos and Cyclades ask Astakos, over HTTPS: who a user is, and quota.

A service's token is named by its setting and place. Not: what other services ask, projects.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from snf_django.commands import CommandError
from synnefo.webproject.web import CHARGES, USERS, Fault, Request
from urllib3 import Retry

CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
TRIES = 3  # after the first
NAMES = {
    "cyclades.disk": "Disk", "cyclades.vm": "Virtual Machine", "cyclades.cpu": "CPU",
    "cyclades.ram": "RAM", "cyclades.total_cpu": "CPU", "cyclades.total_ram": "RAM",
    "cyclades.floating_ip": "Floating IP address", "cyclades.network.private": "Private Network",
    "pithos.diskspace": "Storage Space",
}  # fmt: skip


class AstakosError(Exception):
    """`status` is that of the answer, 500 when there was none, `text` its body."""

    def __init__(self, message: str, status: int = 500, text: str = "") -> None:
        super().__init__(message)
        self.status, self.text = status, text


def _ask(
    settings: Any, method: str, path: str, token: str, body: Any = None, place: str = ""
) -> Any:
    """The decoded answer; `path` is below Astakos's. Raises AstakosError."""
    session = requests.Session()
    session.mount("https://", HTTPAdapter(max_retries=Retry(TRIES, backoff_factor=1, read=0)))
    session.verify, session.headers["X-Auth-Token"] = CA_BUNDLE, token
    url = settings.ASTAKOS_AUTH_URL.removesuffix("/identity/v2.0") + path
    try:
        answer = session.request(method, url, json=body, timeout=30)
    except requests.RequestException as error:
        raise AstakosError(f"{url}: {error}") from error
    if answer.status_code >= 400:
        text = f"{url} answered {answer.status_code}: {answer.text} {place}"
        raise AstakosError(text.strip(), answer.status_code, answer.text)
    return answer.json() if answer.content else None


def _serve(settings: Any, component: str, method: str, path: str, body: Any = None) -> Any:
    """Ask with the component's own token. Raises AstakosError."""
    name = f"{component}_SERVICE_TOKEN"
    token, place = settings.values[name], f"[{name}, {settings.where(name)}]"
    return _ask(settings, method, f"/account/v1.0/{path}", token, body, place)


def user_of(request: Request) -> str:
    """The uuid of the user who asks. Raises 401, 503 when Astakos cannot be asked."""
    return _user(request.settings, request.token())


def _user(settings: Any, token: str) -> str:
    body = {"auth": {"token": {"id": token}}}
    try:
        access = _ask(settings, "POST", "/identity/v2.0/tokens", token, body)["access"]
    except AstakosError as error:
        if error.status == 401:
            raise Fault(401, "UNAUTHORIZED", error.text, name="fault") from error
        raise Fault(503, str(error)) from error
    return str(access["user"]["id"])


USERS["CYCLADES_BASE_URL", "user"] = USERS["PITHOS_BASE_URL", "user"] = user_of


def visitor(request: Request, component: str) -> str:
    """The uuid of who is logged in with a browser; "" for others. Raises as `user_of`."""
    settings = request.settings
    token = request.cookie_token(settings.values[f"{component}_ASTAKOS_COOKIE_NAME"])
    return _user(settings, token) if token else ""


def limit_of(settings: Any, component: str, user: str, resource: str) -> int:
    """How much of a resource the user may have. Raises 503."""
    try:
        found = _serve(settings, component, "GET", f"service_quotas?user={user}")
    except AstakosError as error:
        raise Fault(503, str(error)) from error
    return int(found[user][user][resource]["limit"])


def _commission(
    settings: Any, component: str, user: str, wanted: dict[str, int], **how: bool
) -> int:
    place = {"holder": f"user:{user}", "source": f"project:{user}"}
    provisions = [place | {"resource": k, "quantity": v} for k, v in wanted.items()]
    body = {"auto_accept": True, "force": False, "name": "", "provisions": provisions} | how
    return int(_serve(settings, component, "POST", "commissions", body)["serial"])


def charge(
    settings: Any, component: str, user: str, wanted: dict[str, int], *,
    accept: bool = True, force: bool = False,
) -> int:  # fmt: skip
    """Take from (or give back to) the user's quota, which ends with the serial of the commission.

    Without `accept` it waits for `resolve`; `force` goes over the limit. Raises 413, and 500 for a
    wrong service token.
    """
    try:
        return _commission(settings, component, user, wanted, auto_accept=accept, force=force)
    except AstakosError as error:
        if error.status != 413:
            print(error, file=sys.stderr)
            raise Fault(500, "Unexpected error") from error
        (told,) = json.loads(error.text).values()
        asked, data = told["data"]["provision"], told["data"]
        what = NAMES.get(asked["resource"], asked["resource"])
        details = f"Limit for resource '{what}' exceeded for your account. Available: "
        details += f"{max(0, data['limit'] - data['usage'])}, Requested: {asked['quantity']}"
        raise Fault(413, "Resource Limit Exceeded for your account.", details) from error


CHARGES["CYCLADES_BASE_URL"] = lambda settings, user, wanted: charge(
    settings, "CYCLADES", user, wanted
)


def resolve(settings: Any, component: str, serial: int, *, accept: bool) -> None:
    """Accept or reject a commission that waits. Raises AstakosError."""
    body = {"accept" if accept else "reject": ""}
    _serve(settings, component, "POST", f"commissions/{serial}/action", body)


@contextmanager
def charged(settings: Any, component: str, user: str, wanted: dict[str, int]) -> Iterator[int]:
    """The serial of a commission that waits; it is rejected when what is done meanwhile fails."""
    serial = charge(settings, component, user, wanted, accept=False)
    try:
        yield serial
    except BaseException:
        resolve(settings, component, serial, accept=False)
        raise


def reconcile(settings: Any, component: str, used: dict[str, Any], fix: bool, file: Any) -> None:
    """Compare what users hold with what Astakos counts. Raises CommandError."""
    told = "Everything in sync."
    try:
        for user, projects in _serve(settings, component, "GET", "service_quotas").items():
            for name, quota in projects[user].items():
                if off := int(used.get(user, {}).get(name, 0)) - quota["usage"]:
                    told = ""
                    print(f"User {user}: {name} is off by {off}.", file=file)
                    if fix:
                        _commission(settings, component, user, {name: off}, force=True)
    except AstakosError as error:
        raise CommandError(str(error)) from error
    print(told, end="\n" if told else "", file=file)

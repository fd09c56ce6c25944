"""What Pithos and Cyclades ask Astakos: who a user is, and quota. Errors name the setting."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from astakosclient import AstakosClient, AstakosClientException
from snf_django.commands import CommandError
from synnefo.webproject.web import CHARGES, USERS, Fault, Request

NAMES = {
    "cyclades.disk": "Disk", "cyclades.vm": "Virtual Machine", "cyclades.cpu": "CPU",
    "cyclades.ram": "RAM", "cyclades.total_cpu": "CPU", "cyclades.total_ram": "RAM",
    "cyclades.floating_ip": "Floating IP address", "cyclades.network.private": "Private Network",
    "pithos.diskspace": "Storage Space",
}  # fmt: skip


def _service(settings: Any, component: str) -> AstakosClient:
    name = f"{component}_SERVICE_TOKEN"
    place = f"[{name}, {settings.where(name)}]"
    return AstakosClient(settings.ASTAKOS_AUTH_URL, settings.values[name], place)


def user_of(request: Request) -> str:
    """The uuid of the user who asks. Raises 401, 503 when Astakos cannot be asked."""
    return _user(request.settings, request.token())


def _user(settings: Any, token: str) -> str:
    try:
        access = AstakosClient(settings.ASTAKOS_AUTH_URL, token).authenticate()
    except AstakosClientException as error:
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
        return int(_service(settings, component).quotas(user)[user][user][resource]["limit"])
    except AstakosClientException as error:
        raise Fault(503, str(error)) from error


def charge(
    settings: Any, component: str, user: str, wanted: dict[str, int], *, accept: bool = True
) -> int:
    """Take from (or give back to) the user's quota, which ends with the serial of the commission.

    Without `accept` it waits for `resolve`. Raises 413, and 500 for a wrong service token.
    """
    try:
        return _service(settings, component).commission(user, wanted, accept=accept)
    except AstakosClientException as error:
        if error.status != 413:
            print(error, file=sys.stderr)
            raise Fault(500, "Unexpected error") from error
        data = error.fault().get("data", {})
        what = data["provision"]["resource"]
        told = f"Limit for resource '{NAMES.get(what, what)}' exceeded for your account."
        left = max(0, data["limit"] - data["usage"])
        details = f"{told} Available: {left}, Requested: {data['provision']['quantity']}"
        raise Fault(413, "Resource Limit Exceeded for your account.", details) from error


CHARGES["CYCLADES_BASE_URL"] = lambda settings, user, wanted: charge(
    settings, "CYCLADES", user, wanted
)


def resolve(settings: Any, component: str, serial: int, *, accept: bool) -> None:
    """Accept or reject a commission that waits. Raises AstakosClientException."""
    _service(settings, component).resolve(serial, accept=accept)


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
    try:
        for line in _service(settings, component).reconcile(used, fix) or ["Everything in sync."]:
            print(line, file=file)
    except AstakosClientException as error:
        raise CommandError(str(error)) from error

"""What an API refuses with, and the headers that each of its answers has. Not: faults in XML."""

import json
import time
from email.utils import formatdate
from typing import Any

import psycopg2
from werkzeug import Response
from werkzeug.exceptions import HTTPException

NAMES = {
    400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "itemNotFound",
    405: "notAllowed", 409: "conflict", 411: "lengthRequired", 413: "overLimit",
    416: "rangeNotSatisfiable", 422: "unprocessableEntity", 500: "internalServerError",
    501: "notImplemented", 503: "serviceUnavailable",
}  # fmt: skip


class Fault(HTTPException):
    """Ends a request with this status; `more` is added to what is told of it."""

    def __init__(
        self, status: int, message: str = "", details: str = "", *,
        name: str = "", headers: Any = None, **more: Any,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.code, self.headers, self.name_ = status, dict(headers or {}), name
        self.told = {"message": message, "code": status, **(more or {"details": details})}


def raised(error: psycopg2.Error) -> Any:
    """What a function of the database raised with an SQLSTATE of HT and the status.

    More is told of it in a detail of JSON.
    """
    code, told = error.pgcode or "", error.diag.message_primary or ""
    more = json.loads(error.diag.message_detail or "{}")
    return Fault(int(code[2:]), told.strip(), **more) if code.startswith("HT") else None


def fault(error: Fault) -> Response:
    """The fault as JSON."""
    status = error.code or 500
    body = {error.name_ or NAMES.get(status, "fault"): error.told}
    kind = error.headers.pop("Content-Type", "application/json; charset=UTF-8")
    return Response(json.dumps(body), status, error.headers, content_type=kind)


def complete(response: Response, api: bool) -> None:
    """Add what Django's middleware does: an `api` answer is never kept, a page is for a cookie."""
    response.headers["Content-Language"] = "en-us"
    if not api and "Last-Modified" not in response.headers:
        response.headers["Vary"] = "Cookie,Accept-Language"
        return
    now = formatdate(time.time(), usegmt=True)
    response.headers.setdefault("Last-Modified", now)
    response.headers["Expires"] = now
    response.headers["Cache-Control"] = "no-cache, no-store, must-revalidate, max-age=0"
    response.headers["Vary"] = "X-Auth-Token,Accept-Language"

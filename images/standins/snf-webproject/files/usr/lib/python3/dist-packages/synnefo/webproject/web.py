"""The smallest web framework that does: routes below a component's base URL, JSON, cookies."""

import json
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from snf_django import database

ROUTES: list[tuple[str, str, str, Callable[..., Any]]] = []
REASONS = {200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 302: "Found"} | {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 409: "Conflict", 413: "Over Limit", 500: "Internal Server Error",
    503: "Service Unavailable",
}  # fmt: skip


class HTTPError(Exception):
    """Ends a request with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Response:
    """What a handler returns: bytes, HTML as str, JSON as dict or list, or an iterator of bytes."""

    body: Any = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> Iterable[bytes]:
        """The body; sets its type and length where they are not known yet."""
        body = self.body
        if not isinstance(body, bytes | str | dict | list):
            whole: Iterable[bytes] = body
            return whole  # the handler knows its length
        if not isinstance(body, bytes):
            html = isinstance(body, str)
            kind = "text/html; charset=utf-8" if html else "application/json"
            self.headers.setdefault("Content-Type", kind)
        text = body if isinstance(body, bytes | str) else json.dumps(body)
        data = text if isinstance(text, bytes) else text.encode()
        self.headers["Content-Length"] = str(len(data))
        return [data]


class Request:
    """A request: `db` is the transaction on the applications' database."""

    def __init__(self, environ: dict[str, Any], settings: Any, db: Any) -> None:
        self.environ, self.settings, self.db = environ, settings, db
        self.method, self.path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.query = {k: v[-1] for k, v in parse_qs(environ.get("QUERY_STRING", ""), True).items()}
        self.cookies = {k: m.value for k, m in SimpleCookie(environ.get("HTTP_COOKIE", "")).items()}

    def header(self, name: str) -> str:
        """A request header, "" when absent."""
        return str(self.environ.get("HTTP_" + name.upper().replace("-", "_"), ""))

    def headers(self, prefix: str) -> dict[str, str]:
        """All headers that begin with the prefix, by the rest of their name in lower case."""
        start = "HTTP_" + prefix.upper().replace("-", "_")
        found = {k: v for k, v in self.environ.items() if k.startswith(start)}
        return {k[len(start) :].lower(): unquote(v) for k, v in found.items()}

    def read(self) -> bytes:
        """The body: of Content-Length bytes, or to its end when it is sent in chunks."""
        length = self.environ.get("CONTENT_LENGTH")
        source = self.environ["wsgi.input"]
        return bytes(source.read(int(length)) if length else source.read())

    def json(self) -> Any:
        """The body as JSON; None when it is empty."""
        try:
            return json.loads(body) if (body := self.read()) else None
        except ValueError as error:
            raise HTTPError(400, "Could not decode request body as JSON") from error

    def form(self) -> dict[str, str]:
        """The fields of a posted form."""
        return {k: v[-1] for k, v in parse_qs(self.read().decode(), True).items()}


def route(methods: str, base: str, pattern: str) -> Callable[..., Any]:
    """Register a handler for METHOD|METHOD below the URL in the setting `base`."""

    def register(handler: Callable[..., Any]) -> Callable[..., Any]:
        ROUTES.append((methods, base, pattern, handler))
        return handler

    return register


def redirect(url: str, **headers: str) -> Response:
    """Send the client elsewhere."""
    return Response(
        "", 302, {"Location": url} | {k.replace("_", "-"): v for k, v in headers.items()}
    )


class Application:
    """WSGI application over the registered routes whose base URL is set on this host."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self.routes = [
            (
                methods.split("|"),
                re.compile(f"{urlsplit(settings.values[base]).path}(?:{pattern})"),
                handler,
            )
            for methods, base, pattern, handler in ROUTES
            if settings.values.get(base)
        ]

    def _find(self, method: str, path: str) -> tuple[Callable[..., Any], tuple[str, ...]]:
        found = [(m, match, h) for m, p, h in self.routes if (match := p.fullmatch(path))]
        for methods, match, handler in found:
            if method in methods:
                return handler, match.groups()
        raise HTTPError(405 if found else 404, f"{method} {path}")

    def _answer(self, environ: dict[str, Any]) -> Response:
        if environ.get("HTTP_X_FORWARDED_PROTO") != "https":
            raise HTTPError(400, "Apache must set X-Forwarded-Proto: https (gunicorn 20)")
        handler, groups = self._find(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        with database.apps(self.settings) as db:
            answer = handler(Request(environ, self.settings, db), *groups)
        return answer if isinstance(answer, Response) else Response(answer)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        try:
            response = self._answer(environ)
        except HTTPError as error:
            message = {"message": str(error), "code": error.status}
            response = Response({REASONS[error.status].replace(" ", ""): message}, error.status)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            response = Response({"serverError": {"message": str(error), "code": 500}}, 500)
        body = response.encode()
        start(f"{response.status} {REASONS[response.status]}", list(response.headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else body

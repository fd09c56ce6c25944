"""Routes below a component's base URL, over Werkzeug; each request is one transaction.

Plays Django's dispatch and snf_django's api_method: which path is served how, faults, their
headers, JSON bodies and 405. Not: XML; who wants it gets 501.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg2
import werkzeug
from snf_django import database
from synnefo.webproject import pages
from synnefo.webproject.faults import Fault as Fault  # the components import it from here
from synnefo.webproject.faults import complete, fault, raised
from werkzeug import Response as Response
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule

Handler = Callable[..., Any]
# Base URL's setting -> path -> method -> handler, and who tells whose token a request has.
ROUTES: dict[str, dict[str, dict[str, Handler]]] = {}
USERS: dict[tuple[str, str], Callable[[Request], str]] = {}
CHARGES: dict[str, Callable[[Any, str, dict[str, int]], Any]] = {}
# Where `database` of a route is not the applications'.
DATABASES: dict[str, Callable[[Any], Any]] = {}
KIND = "application/json; charset=UTF-8"
# Below these an unknown path is a fault, elsewhere a page.
APIS = "identity", "account", "compute", "network", "volume", "image", "vmapi", "object-store"
# The guide's plain addresses (G124, G291): what is missing is added by a redirection.
HOMES = "ASTAKOS_BASE_URL", "CYCLADES_BASE_URL"


class Request(werkzeug.Request):
    """A request: `db` is a transaction on the applications' database, `base` the URL."""

    def __init__(self, environ: dict[str, Any], settings: Any, db: database.Database) -> None:
        super().__init__(environ)
        self.settings, self.db, self.base = settings, db, ""

    def cookie_token(self, name: str) -> str:
        """The token in Astakos's cookie of that name, which holds uuid|token; "" without one."""
        return unquote(self.cookies.get(name, "")).partition("|")[2]

    def token(self) -> str:
        """The token sent. Raises 401 when there is none."""
        if found := self.headers.get("X-Auth-Token") or self.args.get("X-Auth-Token"):
            return str(found)
        raise Fault(401, "Access denied. No authentication token")

    def content(self) -> Any:
        """The JSON sent. Raises 400."""
        if not self.headers.get("Content-Type"):
            raise Fault(400, "Missing Content-Type header field")
        if not self.mimetype.startswith("application/json"):
            raise Fault(400, f"Unsupported Content-type: '{self.mimetype}'")
        try:
            return json.loads(self.get_data())
        except ValueError as error:
            raise Fault(400, "Could not decode request body as JSON") from error

    def field(self, name: str, wrong: str = "Malformed request") -> dict[str, Any]:
        """The object of this name in the JSON sent. Raises 400."""
        found = self.content()
        if not isinstance(found, dict) or not isinstance(found.get(name), dict):
            raise Fault(400, wrong)
        return dict(found[name])


def route(methods: str, base: str, *paths: str) -> Callable[[Handler], Handler]:
    """Register a handler for METHOD|METHOD of paths below the URL in the setting `base`."""

    def register(handler: Handler) -> Handler:
        for path in paths:
            served = ROUTES.setdefault(base, {}).setdefault(path, {})
            served.update(dict.fromkeys(methods.split("|"), handler))
        return handler

    return register


def declare(base: str, place: str, **query: Any) -> None:
    """Register "METHOD /path" that is one SQL query: of a control.yaml's `routes`.

    It selects a column `body`. `key` is what the bodies are below of; with `one` there must be one
    row, else 404 with that message; `checks` are conditions by the message of the 400 that tells of
    them. Parameters are %(user)s, the parts of the path, `settings`, the arguments that `takes`
    names by the parameter, and with `sent` %(sent)s, the JSON object below that name, or all when
    it is "". `who` is user, service, whose name is the user then, or none; `status` another one
    than 200; `charge` what the user's quota is asked for; `makes` a function that is called first,
    its result is %(made)s. Functions refuse by refuse().
    """
    method, path = place.split()

    def answer(request: Request, **parts: Any) -> Any:
        who = query.get("who", "user")
        user = "" if who == "none" else USERS[base, who](request)
        values = {**_given(request, query), **parts, "user": user}
        for message, condition in query.get("checks", {}).items():
            if not request.db.rows(f"select {condition} holds", **values)[0]["holds"]:
                raise Fault(400, message.format(**values))
        if "makes" in query:
            sql = f"select {query['makes']} made"
            values["made"] = request.db.rows(sql, **values)[0]["made"]
        values["base"] = request.base
        with _database(request, query.get("database")) as db:
            bodies = [row["body"] for row in db.rows(query["sql"], **values)]
        if "one" in query and not bodies:
            raise Fault(404, query["one"].format(**values))
        if "charge" in query:
            CHARGES[base](request.settings, user, query["charge"])
        found = bodies[0] if "one" in query else bodies
        status = query.get("status", 200)
        if status == 204:
            return Response("", 204, content_type=KIND)
        return as_json({query["key"]: found} if "key" in query else found, status)

    route(method, base, path)(answer)


def _given(request: Request, query: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the request and the settings give."""
    values = {key: request.args.get(name) for key, name in query.get("takes", {}).items()}
    values |= {name: request.settings.values[name] for name in query.get("settings", ())}
    if "sent" in query:
        sent = request.field(query["sent"]) if query["sent"] else request.content()
        values["sent"] = json.dumps(sent)
    return values


@contextmanager
def _database(request: Request, name: str | None) -> Iterator[database.Database]:
    if name is None:
        yield request.db
    else:
        with DATABASES[name](request.settings) as db:
            yield db


def as_json(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(json.dumps(data), status, headers, content_type=KIND)


def moved(to: str, status: int = 302) -> Response:
    """A redirection, as Django's: without a text."""
    return Response("", status, {"Location": to}, content_type=pages.HTML)


class Application:
    """WSGI application over the registered routes whose base URL is set on this host."""

    def __init__(self, settings: Any) -> None:
        self.settings, self.rules = settings, Map(merge_slashes=False)
        self.served: dict[tuple[str, str], dict[str, Handler]] = {}
        self.bases = {base: settings.values[base] for base in ROUTES if settings.values.get(base)}
        for base, url in self.bases.items():
            below = urlsplit(url).path
            for path, served in ROUTES[base].items():
                # A path that ends with a slash is not served without it.
                self._add(base, below + path, served, strict=path.endswith("/"))
            if base in HOMES:
                self._lead(below, f"{url}/ui/")
        if url := self.bases.get("ASTAKOS_BASE_URL"):
            self._lead("/", f"{url}/")

    def _add(self, base: str, path: str, served: dict[str, Handler], *, strict: bool) -> None:
        self.served[base, path] = served
        self.rules.add(Rule(path, endpoint=(base, path), strict_slashes=strict))

    def _lead(self, path: str, to: str) -> None:
        self._add("", path, {"GET": lambda _: moved(to, 301)}, strict=False)

    def _find(self, environ: dict[str, Any], api: bool) -> tuple[str, Handler, dict[str, Any]]:
        try:
            endpoint, parts = self.rules.bind_to_environ(environ).match(method="GET")
        except (NotFound, RequestRedirect) as error:
            if api:
                raise Fault(400, "API endpoint not found") from error
            raise
        base, served = endpoint[0], self.served[endpoint]
        if not (handler := served.get(environ["REQUEST_METHOD"])):
            raise Fault(405, "Method not allowed", headers={"Allow": ", ".join(served)})
        return base, handler, parts

    def _answer(self, environ: dict[str, Any], api: bool) -> Response:
        if environ.get("HTTP_X_FORWARDED_PROTO") != "https":
            raise Fault(400, "Apache must set X-Forwarded-Proto: https (gunicorn 20)")
        base, handler, parts = self._find(environ, api)
        with database.apps(self.settings) as db:
            request = Request(environ, self.settings, db)
            request.base = self.bases.get(base, "")
            wanted = request.headers.get("Accept", "")
            if api and ("application/xml" in wanted or request.args.get("format") == "xml"):
                raise Fault(501, "The stand-in has no XML")
            db.one("select set_config('standin.base', %s, false)", request.base)
            answer = handler(request, **parts)
        if isinstance(answer, str):
            return Response(answer, content_type=pages.HTML)
        return answer if isinstance(answer, Response) else as_json(answer)

    def _page(self, error: HTTPException, environ: dict[str, Any]) -> Response:
        if isinstance(error, RequestRedirect):
            host = urlsplit(next(iter(self.bases.values()))).netloc
            return moved(f"https://{host}{environ['PATH_INFO']}/", 301)
        status, headers = error.code or 500, getattr(error, "headers", {})
        text = "" if status in (401, 405) else pages.refusal(status, str(error.description))
        return Response(text, status, headers, content_type=pages.HTML)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        below = [*environ["PATH_INFO"].split("/")[2:], "", ""]
        api = below[0] in APIS or (below[0] == "public" and bool(below[1]))
        try:
            response = self._answer(environ, api)
        except HTTPException as error:
            if api and isinstance(error, Fault):
                response = fault(error)
            else:
                response, api = self._page(error, environ), False
        except Exception as error:
            if not (isinstance(error, psycopg2.Error) and (known := raised(error))):
                traceback.print_exc(file=sys.stderr)
                known = Fault(500, "Unexpected error")
            response = fault(known)
        complete(response, api)
        body: Iterable[bytes] = response(environ, start)
        return body

"""Routes below a component's base URL, over Werkzeug; each request is one transaction."""

import json
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

import werkzeug
from snf_django import database
from werkzeug import Response as Response  # the components import it from here
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect, Rule, Submount
from werkzeug.utils import redirect

Handler = Callable[..., Any]
ROUTES: dict[str, list[Rule]] = {}
# The guide's plain addresses (G124, G291): what is missing is added by a redirection.
HOMES = {"ADMIN_BASE_URL": "/"}


class HTTPError(HTTPException):
    """Ends a request with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.code = status


class Request(werkzeug.Request):
    """A request: `db` is the transaction on the applications' database."""

    def __init__(self, environ: dict[str, Any], settings: Any, db: database.Database) -> None:
        super().__init__(environ)
        self.settings, self.db = settings, db

    def cookie_token(self, name: str) -> str:
        """The token in Astakos's cookie of that name, which holds uuid|token; "" without one."""
        return unquote(self.cookies.get(name, "")).partition("|")[2]


def route(methods: str, base: str, *paths: str) -> Callable[[Handler], Handler]:
    """Register a handler for METHOD|METHOD of paths below the URL in the setting `base`."""

    def register(handler: Handler) -> Handler:
        rules = [Rule(path, endpoint=handler, methods=methods.split("|")) for path in paths]
        ROUTES.setdefault(base, []).extend(rules)
        return handler

    return register


def as_json(data: Any, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(json.dumps(data), status, mimetype="application/json")


class Application:
    """WSGI application over the registered routes whose base URL is set on this host."""

    def __init__(self, settings: Any) -> None:
        self.settings, self.rules = settings, Map(strict_slashes=False)
        for base, rules in ROUTES.items():
            if url := settings.values.get(base):
                path, home = urlsplit(url).path, HOMES.get(base, "/ui/")
                self.rules.add(Rule(path, redirect_to=url + home))
                self.rules.add(Submount(path, rules))

    def _answer(self, environ: dict[str, Any]) -> Response:
        if environ.get("HTTP_X_FORWARDED_PROTO") != "https":
            raise HTTPError(400, "Apache must set X-Forwarded-Proto: https (gunicorn 20)")
        handler, parts = self.rules.bind_to_environ(environ).match()
        with database.apps(self.settings) as db:
            answer = handler(Request(environ, self.settings, db), **parts)
        if isinstance(answer, str):
            return Response(answer, mimetype="text/html")
        return answer if isinstance(answer, Response) else as_json(answer)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        try:
            response = self._answer(environ)
        except RequestRedirect as error:
            response = redirect(error.new_url)
        except HTTPException as error:
            message = {error.name: {"message": error.description}}
            response = error.response or as_json(message, error.code or 500)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            response = as_json({"serverError": {"message": str(error)}}, 500)
        body: Iterable[bytes] = response(environ, start)
        return body

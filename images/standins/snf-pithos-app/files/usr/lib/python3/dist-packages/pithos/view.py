"""A file's view for who has a browser: Astakos is asked by OAuth 2.0 whether they may see it."""

import secrets
from urllib.parse import urlencode

from pithos.api import BASE
from pithos.backend import backend
from pithos.objects import find, send
from synnefo.webproject.web import Fault, Request, Response, moved, route

# Astakos's tables are in the applications' database, which all hosts share.
CLIENT = "select secret from oa2_client where identifier = %s"
EXCHANGE = "update oa2_code set token = %s where code = %s and client = %s and token is null"
ALLOWED = """select uuid from oa2_code where token = %s and scope = %s
    and issued > now() - interval '1 minute'"""


@route("GET", BASE, "/ui/view/<owner>/<box>/<path:name>")
def view(request: Request, owner: str, box: str, name: str) -> Response:
    """Send the file with a token, ask for one with a code, else ask for a code."""
    settings, scope = request.settings, f"/{owner}/{box}/{name}"
    client, secret = settings.PITHOS_OAUTH2_CLIENT_CREDENTIALS
    here = f"{request.base}/ui/view{scope}"
    if token := request.args.get("access_token"):
        row = request.db.one(ALLOWED, token, scope)
        if not row or row["uuid"] != owner:
            raise Fault(403, "Not allowed")
        with backend(settings) as db:
            return send(request, find(db, owner, box, name))
    if code := request.args.get("code"):
        known, made = request.db.one(CLIENT, client), secrets.token_urlsafe(24)
        if not known or known["secret"] != secret:
            raise Fault(403, "Astakos has no such OAuth client")
        if not request.db.run(EXCHANGE, made, code, client):
            raise Fault(403, "No such authorization code found")
        return moved(f"{here}?access_token={made}")
    wanted = {"scope": scope, "state": "", "redirect_uri": here, "response_type": "code"}
    ask = settings.ASTAKOS_AUTH_URL.removesuffix("/identity/v2.0") + "/oauth2/auth"
    return moved(f"{ask}?{urlencode(wanted | {'client_id': client})}")

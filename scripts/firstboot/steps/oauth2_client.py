"""Let Pithos's file view ask Astakos who is looking: a trusted OAuth 2.0 client with a secret.

The secret is the site's. No command shows or changes it: it is compared in the database, and a
client with another one is made again (docs/synnefo.md S5.8).
"""

from engine import quoting, sql, synnefo
from engine.failures import StepError

GUIDE = ("G121",)
SERVICES = ()

CLIENT = "pithos-view"
KNOWN = (
    "SELECT c.is_trusted, u.url FROM oa2_client c LEFT JOIN oa2_redirecturl u"
    " ON u.client_id = c.id WHERE c.identifier = " + quoting.sql(CLIENT)
)
SAME_SECRET = "EXISTS (SELECT 1 FROM oa2_client WHERE identifier = {0} AND secret = {1})"
REMEDY = "remove it with: snf-manage oauth2-client-remove {0}; then: firstboot resume"


def done(ctx):
    rows = sql.rows(ctx, "snf_apps", KNOWN)
    if not rows:
        return False
    wanted = [["t", _url(ctx)]]
    if rows != wanted:
        raise StepError(
            "the OAuth client {0} is there already, but (trusted, URL) is {1} and not {2}; ".format(
                CLIENT, _shown(rows), _shown(wanted)
            )
            + REMEDY.format(CLIENT)
        )
    secret = quoting.sql(ctx.secret("oauth2_secret"))
    return sql.is_true(ctx, "snf_apps", SAME_SECRET.format(quoting.sql(CLIENT), secret))


def run(ctx):
    if sql.rows(ctx, "snf_apps", KNOWN):
        synnefo.manage(ctx, ["oauth2-client-remove", CLIENT])
    synnefo.manage(
        ctx,
        [
            "oauth2-client-add",
            CLIENT,
            "--secret=" + ctx.secret("oauth2_secret"),
            "--is-trusted",
            "--url",
            _url(ctx),
        ],
    )


def _url(ctx):
    return synnefo.url(ctx, "pithos", "/ui/view")


def _shown(rows):
    return " and ".join("({0})".format(", ".join(row)) for row in rows)

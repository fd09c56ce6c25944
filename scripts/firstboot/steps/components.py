"""Make the three components known to Astakos, with their addresses and the site's tokens.

The database is this site's. The tokens are chosen beforehand, are in the settings of each node and
are forced here, so that no node waits for a token of another (docs/synnefo.md S7.1). What the
guide's interactive snf-component-register does (S5.5) is done by the commands behind it.
"""

from engine import quoting, sql, synnefo

GUIDE = ("G110", "G111", "G112", "G113", "G117", "G136", "G137", "G228", "G229")
SERVICES = ()

FIELDS = ("name", "base_url", "ui_url")
HAS_TOKEN = "EXISTS (SELECT 1 FROM im_component WHERE name = {0} AND auth_token = {1})"
# The secret that is the token of a component; Astakos asks nobody and keeps the one it made.
TOKENS = {"cyclades": "cyclades_token", "pithos": "pithos_token"}


def done(ctx):
    rows = synnefo.listing(ctx, "component-list", FIELDS)
    return all(_is_wanted(ctx, synnefo.by_name(rows, name), name) for name in synnefo.COMPONENTS)


def run(ctx):
    rows = synnefo.listing(ctx, "component-list", FIELDS, anew=False)
    for name in synnefo.COMPONENTS:
        row = synnefo.by_name(rows, name)
        if row is None:
            urls = _urls(ctx, name)
            # It prints a token of its own.
            synnefo.manage(
                ctx,
                ["component-add", name, "--base-url", urls["base_url"], "--ui-url", urls["ui_url"]],
                quiet=True,
            )
        if not _has_token(ctx, name):
            token = ctx.secret(TOKENS[name])
            synnefo.manage(ctx, ["component-modify", name, "--auth-token", token])


def _is_wanted(ctx, row, name):
    if row is None:
        return False
    synnefo.refuse_difference(
        "component " + name,
        row,
        _urls(ctx, name),
        "correct it with: snf-manage component-modify {0} --base-url URL --ui-url URL".format(name),
    )
    return _has_token(ctx, name)


def _has_token(ctx, name):
    if name not in TOKENS:
        return True
    # Asked of the database: the list would print the tokens, and into the log.
    token = quoting.sql(ctx.secret(TOKENS[name]))
    return sql.is_true(ctx, "snf_apps", HAS_TOKEN.format(quoting.sql(name), token))


def _urls(ctx, name):
    return {"base_url": synnefo.url(ctx, name), "ui_url": synnefo.url(ctx, name, "/ui/")}

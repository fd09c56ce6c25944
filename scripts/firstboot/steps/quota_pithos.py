"""Compare the quota of Pithos with what is stored, when Astakos on the other node lets us in."""

from engine import quota, synnefo, web

GUIDE = ("G266",)
SERVICES = ()
PEER = "astakos"

COMMANDS = ("reconcile-resources-pithos",)
ASTAKOS_SECONDS = 1500


def done(ctx):
    return _is_let_in(ctx) and quota.in_sync(ctx, COMMANDS)


def run(ctx):
    ctx.wait(
        "{0} astakos to accept the token of Pithos".format(ctx.host_of("astakos")["name"]),
        lambda: _is_let_in(ctx),
        ASTAKOS_SECONDS,
        every=3,
    )
    quota.mend(ctx, COMMANDS)


def _is_let_in(ctx):
    quotas = synnefo.url(ctx, "astakos", "/account/v1.0/service_quotas")
    return web.status(ctx, quotas, ctx.secret("pithos_token")) == 200

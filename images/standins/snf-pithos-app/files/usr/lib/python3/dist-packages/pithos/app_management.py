"""snf-manage commands of the Pithos application."""

from typing import Any

from astakosclient import AstakosClient, AstakosClientException
from pithos.backend import backend
from snf_django.commands import CommandError, command


def astakos(settings: Any) -> AstakosClient:
    """Astakos, with the service token."""
    place = f"[PITHOS_SERVICE_TOKEN, {settings.where('PITHOS_SERVICE_TOKEN')}]"
    return AstakosClient(settings.ASTAKOS_AUTH_URL, settings.PITHOS_SERVICE_TOKEN, place)


@command("reconcile-resources-pithos", "", "--fix --force --user= --project=")
def reconcile(context: Any, _: list[str], options: Any) -> None:
    """Compare what users store with what Astakos counts."""
    with backend(context.settings) as db:
        rows = db.rows("select account, sum(bytes) bytes from objects group by account")
    used = {row["account"]: {"pithos.diskspace": row["bytes"]} for row in rows}
    try:
        astakos(context.settings).reconcile(used, options.fix)
    except AstakosClientException as error:
        raise CommandError(str(error)) from error

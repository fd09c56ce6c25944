"""snf-manage commands of the Pithos application."""

from typing import Any

from astakosclient import AstakosClient, AstakosClientException
from pithos.backend import backend
from snf_django.commands import CommandError, command, say


def astakos(settings: Any) -> AstakosClient:
    """Astakos, with the service token."""
    place = f"[PITHOS_SERVICE_TOKEN, {settings.where('PITHOS_SERVICE_TOKEN')}]"
    return AstakosClient(settings.ASTAKOS_AUTH_URL, settings.PITHOS_SERVICE_TOKEN, place)


@command("service-export-pithos")
def export(context: Any, *_: Any) -> None:
    """Print Pithos' services, which Astakos' package knows."""
    raise CommandError("use snf-service-export pithos BASE_URL on the Astakos host")


@command("reconcile-resources-pithos", "", "--fix --force --user= --project=")
def reconcile(context: Any, _: list[str], options: Any) -> None:
    """Compare what users store with what Astakos counts."""
    client, wrong = astakos(context.settings), False
    try:
        quotas = client.service_quotas()
        with backend(context.settings) as db:
            rows = db.rows("select account, sum(bytes) bytes from objects group by account")
        used = {row["account"]: int(row["bytes"]) for row in rows}
        for user, resources in quotas.items():
            difference = used.get(user, 0) - resources["pithos.diskspace"]["usage"]
            if difference and (wrong := True):
                say(f"User {user}: Astakos counts {difference} bytes less than are stored.")
                if options.fix:
                    client.commission(user, {"pithos.diskspace": difference})
    except AstakosClientException as error:
        raise CommandError(str(error)) from error
    if not wrong:
        say("Everything in sync.")

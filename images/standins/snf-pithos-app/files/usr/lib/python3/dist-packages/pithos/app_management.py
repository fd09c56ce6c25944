"""snf-manage commands of the Pithos application."""

from typing import Any

from pithos.backend import backend
from snf_django.commands import command
from synnefo.webproject import session


@command("reconcile-resources-pithos", "", "--fix --force --user= --project=")
def reconcile(context: Any, _: list[str], options: Any) -> None:
    """Compare what users store with what Astakos counts."""
    with backend(context.settings) as db:
        rows = db.rows("select account, sum(bytes) bytes from objects group by account")
    used = {row["account"]: {"pithos.diskspace": row["bytes"]} for row in rows}
    session.reconcile(context.settings, "PITHOS", used, options.fix)

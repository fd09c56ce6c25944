"""What machines, addresses and networks take from their users' quota."""

import sys
from typing import Any

from snf_django.commands import command
from synnefo.webproject import session


@command("reconcile-resources-cyclades", "", "--fix --force")
def reconcile(context: Any, _: list[str], options: Any) -> None:
    """Compare what users' machines, addresses and networks take with what Astakos counts."""
    used = {row.pop("userid"): row for row in context.db.rows("select * from db_usage")}
    session.reconcile(context.settings, "CYCLADES", used, options.fix, sys.stderr)

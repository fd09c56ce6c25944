"""Volume types, and what machines take from their users' quota."""

import sys
from typing import Any

from snf_django import output
from snf_django.commands import CommandError, command
from synnefo.webproject import session


@command("volume-type-create", "", "--name= --disk-template=")
def create_type(context: Any, _: list[str], options: Any) -> None:
    """Make a volume type; again makes a second one, as upstream."""
    for value, what in ((options.name, "name"), (options.disk_template, "disk template")):
        if not value:
            raise CommandError(f"Please specify the {what} of the volume type.")
    values = {"name": options.name, "disk_template": options.disk_template}
    row = context.db.insert("db_volumetype", **values)
    print(f"Created volume Type '{row['id']}' in DB:")
    shown = {"name": row["name"], "disk template": row["disk_template"], "deleted": row["deleted"]}
    output.card(f"Volume Type {row['id']}", shown)


@command("reconcile-resources-cyclades", "", "--fix --force")
def reconcile(context: Any, _: list[str], options: Any) -> None:
    """Compare what users' machines, addresses and networks take with what Astakos counts."""
    used = {row.pop("userid"): row for row in context.db.rows("select * from db_usage")}
    session.reconcile(context.settings, "CYCLADES", used, options.fix, sys.stderr)

"""Flavors, and what machines of them take from their users' quota."""

from typing import Any

from snf_django.commands import command
from synnefo.cyclades import BASE
from synnefo.webproject import session
from synnefo.webproject.web import Request, route


@route("GET", BASE, "/compute/v2.0/flavors", "/compute/v2.0/flavors/detail")
def flavors(request: Request) -> Any:
    """List the flavors."""
    return {"flavors": request.db.rows("select * from db_flavor_shown order by id")}


@command("reconcile-resources-cyclades", "", "--fix --force --user= --project=")
def reconcile(context: Any, _: list[str], options: Any) -> None:
    """Compare what users' machines take with what Astakos counts."""
    used = {row.pop("userid"): row for row in context.db.rows("select * from db_usage")}
    session.reconcile(context.settings, "CYCLADES", used, options.fix)

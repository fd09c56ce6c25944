"""snf-manage commands of the Pithos backend, and pithos-migrate."""

import sys
from typing import Any

from snf_django import database
from snf_django.commands import SHOWING, CommandError, command
from synnefo import settings as loader

from pithos.backend import OBJECT, TABLES, backend
from pithos.store import CONFIG, Store, StoreError

HEAD = "230f8ce9c90f"


@command("file-show", "ACCOUNT [CONTAINER] [OBJECT]", SHOWING)
def file_show(context: Any, arguments: list[str], _: Any) -> dict[str, Any]:
    """Show an object, by its place or by its uuid."""
    uuid = "select * from objects where uuid = %s"
    try:
        Store(context.settings.values.get("PITHOS_BACKEND_ARCHIPELAGO_CONF", CONFIG))
    except StoreError as error:
        raise CommandError(str(error)) from error
    with backend(context.settings) as db:
        row = db.one(OBJECT if len(arguments) == 3 else uuid, *arguments)
    if not row:
        raise CommandError("File does not exist")
    keys = "name", "uuid", "mapfile", "bytes", "type", "modified"
    return {"account": row["account"], "container": row["container"]} | {k: row[k] for k in keys}


def migrate() -> None:
    """pithos-migrate stamp head | initdb, which exits 1 on success."""
    words = sys.argv[1:]
    if words not in (["stamp", "head"], ["initdb"]):
        print("usage: pithos-migrate stamp head | initdb", file=sys.stderr)
        sys.exit(2)
    with database.pithos(loader.load()) as db:
        # Stamping alone makes no other table: they appear on first use.
        db.run(TABLES if words == ["initdb"] else TABLES.split(";")[-2])
        db.run("delete from alembic_version")
        db.run("insert into alembic_version values (%s)", HEAD)
    sys.exit(1 if words == ["initdb"] else 0)

"""snf-manage commands of the Pithos backend, and pithos-migrate."""

import sys
from typing import Any

from snf_django import database
from snf_django.commands import CommandError, show
from synnefo import settings as loader

from pithos.backend import OBJECT, TABLES, backend
from pithos.store import CONFIG, Store, StoreError

HEAD = "230f8ce9c90f"


@show("file-show", "ACCOUNT [CONTAINER] [OBJECT]", "--obj-version= --domain= --hashmap")
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
    """pithos-migrate stamp head | upgrade head | current | initdb (which exits 1 on success)."""
    words, settings = sys.argv[1:], loader.load()
    with database.pithos(settings) as db:
        if words == ["current"]:
            print([row["version_num"] for row in db.rows("select * from alembic_version")])
        elif words in (["stamp", "head"], ["upgrade", "head"], ["initdb"]):
            # Stamping alone makes no other table: they appear on first use.
            db.run(TABLES if words == ["initdb"] else TABLES.split(";")[-2])
            db.run("delete from alembic_version")
            db.run("insert into alembic_version values (%s)", HEAD)
        else:
            print("usage: pithos-migrate stamp|upgrade head | current | initdb", file=sys.stderr)
            sys.exit(2)
    sys.exit(1 if words == ["initdb"] else 0)

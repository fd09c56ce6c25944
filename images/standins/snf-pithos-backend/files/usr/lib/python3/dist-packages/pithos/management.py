"""file-show of the Pithos backend, and pithos-migrate. Not: alembic's other words."""

import sys
from typing import Any

from snf_django import database
from snf_django.commands import SHOWING, CommandError, command
from synnefo import settings as loader

from pithos.backend import OBJECT, TABLES, backend
from pithos.store import CONFIG, Store, StoreError

HEAD = "230f8ce9c90f"


@command("file-show", "ACCOUNT CONTAINER OBJECT", f"--obj-version=int {SHOWING}")
def file_show(context: Any, arguments: list[str], options: Any) -> dict[str, Any]:
    """Show an object, by its place."""
    try:
        Store(context.settings.values.get("PITHOS_BACKEND_ARCHIPELAGO_CONF", CONFIG))
    except StoreError as error:
        raise CommandError(str(error)) from error
    with backend(context.settings) as db:
        row = db.one(OBJECT, *arguments)
    if not row:
        raise CommandError("Object does not exist")
    if options.obj_version not in (None, row["version"]):
        raise CommandError("Version does not exist")
    modified, place = row["modified"].timestamp(), "/".join(arguments)
    readers = [f"u'{one}'" for one in sorted((row["sharing"] or "").split(",")) if one]
    permissions = f"(u'{place}', {{'read': [{', '.join(readers)}]}})" if readers else "None"
    return {
        "available": 1, "hash": row["mapfile"], "name": row["name"], "mapfile": row["mapfile"],
        "version_timestamp": modified, "checksum": "", "bytes": row["bytes"],
        "modified": modified, "modified_by": row["account"], "version": row["version"],
        "is_snapshot": False, "map_check_timestamp": None, "permissions": permissions,
        "type": row["type"], "uuid": row["uuid"],
    }  # fmt: skip


def migrate() -> None:
    """pithos-migrate stamp head | upgrade head | initdb, which exits 1 on success."""
    words = sys.argv[1:]
    if words not in (["stamp", "head"], ["upgrade", "head"], ["initdb"]):
        print("usage: pithos-migrate stamp head | upgrade head | initdb", file=sys.stderr)
        sys.exit(2)
    for told in ("Context impl PostgresqlImpl.", "Will assume transactional DDL."):
        print(f"INFO  [alembic.migration] {told}", file=sys.stderr)
    with database.pithos(loader.load()) as db:
        # Stamping alone makes no other table: they appear on first use.
        db.run(TABLES if words == ["initdb"] else TABLES.split(";")[-2])
        db.run("delete from alembic_version")
        db.run("insert into alembic_version values (%s)", HEAD)
    if words == ["initdb"]:
        print("Initializing db.\nDB initialized.")
        sys.exit(1)

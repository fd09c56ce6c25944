"""syncdb, migrate and loaddata over the schemas of the installed components, as South behaves."""

from pathlib import Path
from typing import Any

import synnefo
from snf_django.commands import CommandError, command
from synnefo.settings import components

PACKAGES = Path(synnefo.__file__).parents[1]
DONE = "select 1 from south_migrationhistory where app_name = %s"


def _declared(key: str) -> dict[str, str]:
    parts = components.active().values()
    return {name: path for part in parts for name, path in part.get(key, {}).items()}


@command("syncdb", "", "--noinput --migrate --all --database=")
def syncdb(context: Any, _: list[str], options: Any) -> None:
    """Make the tables of the apps that have no migrations."""
    print("Syncing...\nCreating tables ...")
    if not options.noinput:
        raise CommandError("a superuser would be asked for: use --noinput")
    context.db.run(Path(__file__).with_name("sync.sql").read_text())
    if options.migrate:
        migrate(context, [], options)


@command("migrate", "[APP]", "--noinput --delete-ghost-migrations --all --fake --list")
def migrate(context: Any, arguments: list[str], _: Any) -> None:
    """Run the migrations of one app, or of all in the order of their dependencies."""
    schemas = _declared("apps")
    if unknown := [app for app in arguments if app not in schemas]:
        raise CommandError(f"The app '{unknown[0]}' does not appear to use migrations.")
    order = ["im", "quotaholder_app", "oa2", "db", "userdata"]
    for app in arguments or sorted(schemas, key=order.index):
        print(f"Running migrations for {app}:")
        if context.db.one(DONE, app):
            print("- Nothing to migrate.")
            continue
        print(f" - Migrating forwards to 0001_standin.\n > {app}:0001_standin")
        context.db.run((PACKAGES / schemas[app]).read_text())
        context.db.insert("south_migrationhistory", app_name=app, migration="0001_standin")


@command("loaddata", "FIXTURE+", "--database=")
def loaddata(context: Any, arguments: list[str], _: Any) -> None:
    """Load fixtures; an unknown one is no error, as with Django 1.4 (docs/synnefo.md S5.2)."""
    known = _declared("fixtures")
    found = [known[name] for name in arguments if name in known]
    count = sum(context.db.run((PACKAGES / path).read_text()) for path in found)
    print(f"Installed {count} object(s) from {len(found)} fixture(s)")

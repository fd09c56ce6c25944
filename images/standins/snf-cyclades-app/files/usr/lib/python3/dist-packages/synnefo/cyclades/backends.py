"""Commands on backends, that is on Ganeti clusters."""

from typing import Any

import requests
from snf_django.commands import CommandError, command
from synnefo.cyclades import rapi
from synnefo.cyclades.networks import create_in_backend


def _check(row: dict[str, Any], password: str) -> None:
    """The credentials must allow a write, and the cluster must have the name (contracts 5)."""
    client = rapi.Rapi(row["clustername"], row["port"], row["username"], password)
    try:
        client.call("PUT", "/modify", {})
        name = client.call("GET", "/info")["name"]
    except requests.HTTPError as error:
        raise CommandError(f"Invalid RAPI credentials or request: {error}") from error
    if name != row["clustername"]:
        raise CommandError(f"Invalid clustername '{row['clustername']}': RAPI says '{name}'.")


@command(
    "backend-add",
    "",
    "--clustername= --port=int --user= --pass= --no-check --hypervisor= --no-init",
)
def backend_add(context: Any, _: list[str], options: Any) -> None:
    """Add a Ganeti cluster, drained."""
    settings, password = context.settings, getattr(options, "pass")
    if not (options.clustername and options.user and password):
        raise CommandError("Clustername, user and pass must be supplied")
    row = {"clustername": options.clustername, "port": options.port or 5080}
    row |= {"username": options.user, "hypervisor": options.hypervisor or "kvm"}
    if context.db.one("select 1 from db_backend where clustername = %s", row["clustername"]):
        raise CommandError("Cannot create backend: Backend with this Clustername already exists.")
    if not options.no_check:
        _check(row, password)
    stored = rapi.encrypt(settings.SECRET_ENCRYPTION_KEY, password)
    sql = f"insert into db_backend ({', '.join(row)}, password_hash) values (%s, %s, %s, %s, %s)"
    backend = context.db.one(f"{sql} returning *", *row.values(), stored)
    print(f"Successfully created backend with id {backend['id']}")
    for network in context.db.rows("select * from db_network where public order by id"):
        create_in_backend(context, network, backend)
    _update(context, backend)


@command(
    "backend-modify",
    "ID",
    "--clustername= --port=int --username= --password= --drained=bool --offline=bool --hypervisor=",
)
def backend_modify(context: Any, arguments: list[str], options: Any) -> None:
    """Change a backend; credentials are checked again."""
    row = context.db.one("select * from db_backend where id::text = %s", arguments[0])
    if not row:
        hint = "Use backend-list to find out available backend IDs."
        raise CommandError(f"Backend with ID {arguments[0]} does not exist. {hint}")
    keys = "clustername", "port", "username", "drained", "offline", "hypervisor"
    changes = {k: getattr(options, k) for k in keys if getattr(options, k) is not None}
    key = context.settings.SECRET_ENCRYPTION_KEY
    if options.password or {"clustername", "port", "username"} & set(changes):
        password = options.password or rapi.decrypt(key, row["password_hash"])
        _check(row | changes, password)
        changes["password_hash"] = rapi.encrypt(key, password)
    for name, value in changes.items():
        context.db.run(f"update db_backend set {name} = %s where id = %s", value, row["id"])


def _update(context: Any, row: dict[str, Any]) -> None:
    info = rapi.of(context.settings, row).call("GET", "/info")
    templates = info["enabled_disk_templates"]
    context.db.run("update db_backend set disk_templates = %s where id = %s", templates, row["id"])


@command("backend-update-status", "", "--backend-id=int")
def backend_update_status(context: Any, *_: Any) -> None:
    """Read the disk templates of the backends that are online."""
    for row in context.db.rows("select * from db_backend where not offline"):
        _update(context, row)

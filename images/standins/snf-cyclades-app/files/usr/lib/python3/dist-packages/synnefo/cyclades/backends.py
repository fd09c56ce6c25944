"""Commands on backends, that is on Ganeti clusters. Not: removing one, one that is not asked."""

from typing import Any

import requests
from snf_django import output
from snf_django.commands import CommandError, command, say
from synnefo.cyclades.networks import create_in_backend
from synnefo.cyclades.rapi import Rapi, cipher, of

ADD_OPTIONS = "--clustername= --port=int --user= --pass= --hypervisor= --no-init"
RESOURCES = "mfree", "mtotal", "dfree", "dtotal", "pinst_cnt", "ctotal"


def _checked(settings: Any, row: dict[str, Any], password: str) -> str:
    """The password to store, which must allow a write; the name must be the cluster's.

    The fact: docs/synnefo.md S5.12.
    """
    client = Rapi(row, password)
    try:
        client.call("PUT", "/modify", {})
        name = client.call("GET", "/info")["name"]
    except requests.HTTPError as error:
        raise CommandError(f"Invalid RAPI credentials or request: {error}") from error
    if name != row["clustername"]:
        raise CommandError(f"Invalid clustername '{row['clustername']}': RAPI says '{name}'.")
    return cipher(settings).encrypt(password.encode()).decode()


@command("backend-add", "", ADD_OPTIONS)
def backend_add(context: Any, _: list[str], options: Any) -> None:
    """Add a Ganeti cluster, drained. Its password is always checked."""
    name, password = options.clustername, getattr(options, "pass")
    if not (name and options.user and password):
        raise CommandError("Clustername, user and pass must be supplied")
    if context.db.one("select 1 from db_backend where clustername = %s", name):
        raise CommandError("Cannot create backend: Backend with this Clustername already exists.")
    row = {"clustername": name, "port": options.port or 5080, "username": options.user}
    row |= {"hypervisor": options.hypervisor or "kvm"}
    row["password_hash"] = _checked(context.settings, row, password)
    backend = context.db.insert("db_backend", **row)
    say(f"Successfully created backend with id {backend['id']}\nRetrieving backend resources:")
    nodes = of(context.settings, backend).call("GET", "/nodes?bulk=1")
    sums = {key: sum(node[key] or 0 for node in nodes) for key in RESOURCES}
    output.table([sums], RESOURCES)
    for network in context.db.rows("select id from db_network where public order by id"):
        create_in_backend(context.settings, context.db, network["id"], backend)
    _update(context, backend)


def _update(context: Any, row: dict[str, Any]) -> None:
    templates = of(context.settings, row).call("GET", "/info")["enabled_disk_templates"]
    context.db.change("db_backend", row["id"], disk_templates=templates)


@command("backend-update-status")
def backend_update_status(context: Any, *_: Any) -> None:
    """Read the disk templates of the backends that are online."""
    for row in context.db.rows("select * from db_backend where not offline"):
        _update(context, row)
        print(f"Successfully updated backend '{row['clustername']}(id:{row['id']})'")

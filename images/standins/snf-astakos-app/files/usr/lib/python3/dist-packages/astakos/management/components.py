"""Components, services, resources and OAuth clients."""

import json
import re
import secrets
import sys
from pathlib import Path
from typing import Any

from snf_django.commands import CommandError, command, say

UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def find(db: Any, name: str) -> dict[str, Any]:
    """A component by name or id. Raises CommandError."""
    row = db.one("select * from im_component where name = %s or id::text = %s", name, name)
    if row:
        return dict(row)
    hint = "You may run snf-manage component-list for available component IDs."
    raise CommandError(f"Component does not exist. {hint}")


@command("component-add", "NAME", "--base-url= --ui-url=")
def component_add(context: Any, arguments: list[str], options: Any) -> None:
    """Register a component and print its token."""
    name, token = arguments[0], secrets.token_urlsafe(32)
    if context.db.one("select 1 from im_component where name = %s", name):
        raise CommandError(f"There already exists a component named '{name}'.")
    sql = "insert into im_component (name, base_url, url, auth_token) values (%s, %s, %s, %s)"
    context.db.run(sql, name, options.base_url, options.ui_url, token)
    print(f"Token: {token}")


@command(
    "component-modify", "NAME", "--base-url= --ui-url= --auth-token= --renew-token --purge-services"
)
def component_modify(context: Any, arguments: list[str], options: Any) -> None:
    """Change URLs or token of a component."""
    row = find(context.db, arguments[0])
    token = secrets.token_urlsafe(32) if options.renew_token else options.auth_token
    changes = {"base_url": options.base_url, "url": options.ui_url, "auth_token": token}
    changes = {key: value for key, value in changes.items() if value}
    if not changes and not options.purge_services:
        raise CommandError("No option specified.")
    if token and len(token) > 64:
        raise CommandError("auth token: at most 64 characters.")
    for key, value in changes.items():
        context.db.run(f"update im_component set {key} = %s where id = %s", value, row["id"])
    if options.purge_services:
        context.db.run("delete from im_service where component_id = %s", row["id"])


def _import_resource(db: Any, name: str, item: dict[str, Any], service: dict[str, Any]) -> None:
    if db.run("update im_resource set unit = %s where name = %s", item["unit"], name):
        print(f"Resource '{name}' updated in database.")
        return
    shown = not item.get("hidden")
    sql = """insert into im_resource (name, unit, service_type, service_origin, project_default,
        api_visible, ui_visible) values (%s, %s, %s, %s, %s, %s, %s)"""
    origin = service["type"], service["component"]
    db.run(sql, name, item["unit"], *origin, 0 if shown else None, shown, shown)
    print(f"Resource '{name}' created in database with unlimited quota.")


@command("service-import", "", "--json=")
def service_import(context: Any, _: list[str], options: Any) -> None:
    """Import what a service-export printed, from a file or from - (standard input)."""
    if not options.json:
        raise CommandError("Expecting option --json.")
    try:
        text = sys.stdin.read() if options.json == "-" else Path(options.json).read_text()
        data = json.loads(text)
    except (OSError, ValueError) as error:
        raise CommandError(f"{options.json}: {error}") from error
    for name, service in data.items():
        owner, end = find(context.db, service["component"]), service["endpoints"][0]
        values = owner["id"], service["type"], end["publicURL"], end["versionId"], name
        update = "update im_service set component_id = %s, type = %s, public_url = %s, version = %s"
        if context.db.run(f"{update} where name = %s", *values):
            print(f"Updated service {name}.")
        else:
            columns = "component_id, type, public_url, version, name"
            context.db.run(
                f"insert into im_service ({columns}) values (%s, %s, %s, %s, %s)", *values
            )
            print(f"Added service {name}.")
        for resource, item in service["resources"].items():
            _import_resource(context.db, resource, item, service)


def limit(text: str) -> int | None:
    """A number with or without a unit, or inf (None). Raises CommandError."""
    match = re.fullmatch(r"(\d+)\s*([kmgt]?)(i?b|bytes)?", text.strip().lower())
    if not match and text != "inf":
        raise CommandError(f"Cannot parse limit '{text}'.")
    return int(match[1]) * UNITS[match[2]] if match else None


RESOURCE_OPTIONS = "--system-default= --project-default= --api-visible=bool --ui-visible=bool"


@command("resource-modify", "NAME", f"{RESOURCE_OPTIONS} --unit-style=")
def resource_modify(context: Any, arguments: list[str], options: Any) -> None:
    """Change the limits and the visibility of a resource."""
    if not context.db.one("select 1 from im_resource where name = %s", arguments[0]):
        raise CommandError(f"Resource {arguments[0]} does not exist.")
    for key in ("system_default", "project_default", "api_visible", "ui_visible"):
        if (value := getattr(options, key)) is not None:
            value = limit(value) if key.endswith("default") else value
            sql = f"update im_resource set {key} = %s where name = %s"
            context.db.run(sql, value, arguments[0])


@command("oauth2-client-add", "ID", "--secret= --is-trusted --type= --url=*")
def oauth2_client_add(context: Any, arguments: list[str], options: Any) -> None:
    """Register an OAuth 2.0 client."""
    kind = options.type or "confidential"
    if not options.url or (kind == "confidential" and not options.secret):
        raise CommandError("A redirect url, and a secret for a confidential client, are required.")
    columns = "identifier, secret, type, is_trusted"
    sql = f"insert into oa2_client ({columns}) values (%s, %s, %s, %s) returning id"
    row = context.db.one(sql, arguments[0], options.secret, kind, options.is_trusted)
    for url in options.url:
        context.db.run(
            "insert into oa2_redirecturl (client_id, url) values (%s, %s)", row["id"], url
        )
    print("Client created successfully")


@command("reconcile-resources-astakos", "", "--fix --force --user= --project=")
@command("quota-verify", "", "--fix --include-unexpected-holdings --project= --user=")
def quota_verify(context: Any, *_: Any) -> None:
    """Holdings must belong to users and resources that exist."""
    known = (
        "holder in (select uuid from im_astakosuser) and resource in (select name from im_resource)"
    )
    stray = context.db.rows(f"select * from quotaholder_app_holding where not ({known})")
    say(f"{len(stray)} unexpected holdings." if stray else "Everything in sync.")

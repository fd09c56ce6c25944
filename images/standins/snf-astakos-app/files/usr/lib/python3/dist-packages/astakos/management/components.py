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
    urls = {"base_url": options.base_url, "url": options.ui_url}
    context.db.insert("im_component", name=name, auth_token=token, **urls)
    print(f"Token: {token}")


@command("component-modify", "NAME", "--base-url= --ui-url= --auth-token=")
def component_modify(context: Any, arguments: list[str], options: Any) -> None:
    """Change URLs or token of a component."""
    row, token = find(context.db, arguments[0]), options.auth_token
    changes = {"base_url": options.base_url, "url": options.ui_url, "auth_token": token}
    changes = {key: value for key, value in changes.items() if value}
    if not changes:
        raise CommandError("No option specified.")
    if token and len(token) > 64:
        raise CommandError("auth token: at most 64 characters.")
    context.db.change("im_component", row["id"], **changes)


def _import_resource(db: Any, name: str, item: dict[str, Any], service: dict[str, Any]) -> None:
    if db.run("update im_resource set unit = %s where name = %s", item["unit"], name):
        print(f"Resource '{name}' updated in database.")
        return
    shown = not item.get("hidden")
    values = {"service_type": service["type"], "service_origin": service["component"]}
    values |= {"project_default": 0 if shown else None, "api_visible": shown, "ui_visible": shown}
    db.insert("im_resource", name=name, unit=item["unit"], **values)
    print(f"Resource '{name}' created in database with unlimited quota.")


def _import_service(db: Any, name: str, service: dict[str, Any]) -> None:
    end = service["endpoints"][0]
    values = {"component_id": find(db, service["component"])["id"], "type": service["type"]}
    values |= {"public_url": end["publicURL"], "version": end["versionId"]}
    if row := db.one("select id from im_service where name = %s", name):
        db.change("im_service", row["id"], **values)
    else:
        db.insert("im_service", name=name, **values)
    print(f"{'Updated' if row else 'Added'} service {name}.")
    for resource, item in service["resources"].items():
        _import_resource(db, resource, item, service)


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
        _import_service(context.db, name, service)


def limit(text: str) -> int | None:
    """A number with or without a unit, or inf (None). Raises CommandError."""
    match = re.fullmatch(r"(\d+)\s*([kmgt]?)(i?b|bytes)?", text.strip().lower())
    if not match and text != "inf":
        raise CommandError(f"Cannot parse limit '{text}'.")
    return int(match[1]) * UNITS[match[2]] if match else None


RESOURCE_OPTIONS = "--system-default= --project-default= --api-visible=bool --ui-visible=bool"


@command("resource-modify", "NAME", RESOURCE_OPTIONS)
def resource_modify(context: Any, arguments: list[str], options: Any) -> None:
    """Change the limits and the visibility of a resource."""
    row = context.db.one("select id from im_resource where name = %s", arguments[0])
    if not row:
        raise CommandError(f"Resource {arguments[0]} does not exist.")
    for key in ("system_default", "project_default", "api_visible", "ui_visible"):
        if (value := getattr(options, key)) is not None:
            changed = limit(value) if key.endswith("default") else value
            context.db.change("im_resource", row["id"], **{key: changed})


@command("oauth2-client-add", "ID", "--secret= --is-trusted --type= --url=*")
def oauth2_client_add(context: Any, arguments: list[str], options: Any) -> None:
    """Register an OAuth 2.0 client."""
    kind, secret = options.type or "confidential", options.secret
    if not options.url or (kind == "confidential" and not secret):
        raise CommandError("A redirect url, and a secret for a confidential client, are required.")
    values = {"secret": secret, "type": kind, "is_trusted": options.is_trusted}
    row = context.db.insert("oa2_client", identifier=arguments[0], **values)
    for url in options.url:
        context.db.insert("oa2_redirecturl", client_id=row["id"], url=url)
    print("Client created successfully")


@command("reconcile-resources-astakos", "", "--fix --force --user= --project=")
@command("quota-verify", "", "--fix --include-unexpected-holdings --project= --user=")
def quota_verify(context: Any, *_: Any) -> None:
    """Holdings must belong to users and resources that exist."""
    sql = """select 1 from quotaholder_app_holding where holder not in
        (select uuid from im_astakosuser) or resource not in (select name from im_resource)"""
    stray = context.db.rows(sql)
    say(f"{len(stray)} unexpected holdings." if stray else "Everything in sync.")

"""Flavors and volume types."""

from itertools import product
from typing import Any

from snf_django.commands import CommandError, command
from synnefo.cyclades import BASE
from synnefo.webproject import session
from synnefo.webproject.web import Request, route

FLAVORS = """select f.*, v.name volume_type, disk_template,
    'C' || cpu || 'R' || ram || 'D' || disk || v.name as name
    from db_flavor f join db_volumetype v on v.id = volume_type_id where not deleted"""
USED = """select userid, count(*) "cyclades.vm", sum(cpu) "cyclades.cpu",
    sum(ram)::bigint * 1048576 "cyclades.ram", sum(disk)::bigint * 1073741824 "cyclades.disk"
    from db_virtualmachine v join db_flavor f on f.id = flavor_id
    where not v.deleted group by userid"""


@command("flavor-create", "CPU RAM DISK VOLUME_TYPE", "-n/--dry-run")
def flavor_create(context: Any, arguments: list[str], options: Any) -> None:
    """Create all combinations; those that exist stay."""
    try:
        values = [[int(item) for item in argument.split(",")] for argument in arguments]
    except ValueError as error:
        raise CommandError("Invalid values") from error
    sql = """insert into db_flavor (cpu, ram, disk, volume_type_id) values (%s, %s, %s, %s)
        on conflict do nothing"""
    for cpu, ram, disk, kind in product(*values):
        memory = -(-ram // 4) * 4
        print(f"cpu={cpu} ram={memory} disk={disk} volume_type={kind}")
        if not options.dry_run:
            context.db.run(sql, cpu, memory, disk, kind)


@command("volume-type-create", "", "--name= --disk-template=")
def volume_type_create(context: Any, _: list[str], options: Any) -> None:
    """Create a volume type. Not idempotent, as upstream."""
    if not options.name or not options.disk_template:
        raise CommandError("Please specify name and disk template.")
    context.db.insert("db_volumetype", name=options.name, disk_template=options.disk_template)


@route("GET", BASE, "/compute/v2.0/flavors")
@route("GET", BASE, "/compute/v2.0/flavors/detail")
def flavors(request: Request) -> Any:
    """List the flavors."""
    return {"flavors": request.db.rows(f"{FLAVORS} order by f.id")}


@command("reconcile-resources-cyclades", "", "--fix --force --user= --project=")
def reconcile(context: Any, _: list[str], options: Any) -> None:
    """Compare what users' machines take with what Astakos counts."""
    used = {row.pop("userid"): row for row in context.db.rows(USED)}
    session.reconcile(context.settings, "CYCLADES", used, options.fix)

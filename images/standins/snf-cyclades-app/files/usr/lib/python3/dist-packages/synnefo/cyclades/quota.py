"""What machines, addresses and networks take from their users' quota.

Not: a machine's further volumes.
"""

import sys
from typing import Any

from snf_django.commands import command
from synnefo.webproject import session

# What a job that went well makes of a machine.
STATES = dict.fromkeys(["CREATE", "STARTUP", "REBOOT"], "STARTED") | {"SHUTDOWN": "STOPPED"}
ONLINE = "STARTED", "BUILD", "ERROR"


def taken(row: dict[str, Any], job: str) -> dict[str, int]:
    """What a job on a machine takes from its user's quota, by the state that the machine is in.

    `row` is one of db_machine, or a flavor; `job` is Ganeti's opcode without OP_INSTANCE_.
    """
    cpu, ram, up = row["cpu"], row["ram"] * 2**20, row.get("operstate", "BUILD") in ONLINE
    online = {"cpu": cpu, "ram": ram}
    sizes = {"total_cpu": cpu, "total_ram": ram, "vm": 1, "disk": row["disk"] * 2**30}
    if job in ("CREATE", "REMOVE"):
        sizes |= online if up else {}
    else:
        sizes = online if up == (job == "SHUTDOWN") and job in STATES else {}
    sign = -1 if job in ("REMOVE", "SHUTDOWN") else 1
    return {f"cyclades.{name}": sign * size for name, size in sizes.items()}


@command("reconcile-resources-cyclades", "", "--fix --force")
def reconcile(context: Any, _: list[str], options: Any) -> None:
    """Compare what users' machines, addresses and networks take with what Astakos counts."""
    used = {row.pop("userid"): row for row in context.db.rows("select * from db_usage")}
    session.reconcile(context.settings, "CYCLADES", used, options.fix, sys.stderr)

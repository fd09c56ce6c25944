"""Ganeti's instances, which go off with their node: those that ran are started again."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence

from golden import log
from golden.check.connection import Connection
from golden.definition import Site
from golden.errors import StageError, UserError

LIST = "gnt-instance list --no-headers --separator=' ' -o name,oper_state"
# Ganeti's daemons may be busy with what the watcher does at the same time.
TRIES = 5
PAUSE_SECONDS = 10
SECONDS = 600


def running(site: Site, link: Connection) -> list[str]:
    """The names of the instances that run. Raises UserError when Ganeti does not tell."""
    found = link.run(site.host_of("ganeti-master").name, LIST)
    if found.code != 0:
        raise UserError(
            f"Ganeti of site {site.name} does not list its instances: {found.out.strip()[-300:]}; "
            f"see: ./inv check --site {site.name}"
        )
    rows = (line.split() for line in found.out.splitlines())
    return [row[0] for row in rows if row[1:] == ["Y"]]


def start(site: Site, names: Sequence[str]) -> None:
    """Start those of `names` that do not run. Raises StageError naming one that does not start."""
    link, master = Connection.to(site.name), site.host_of("ganeti-master").name
    for left in range(TRIES - 1, -1, -1):
        off = sorted(set(names) - set(running(site, link)))
        if not off:
            return
        words = " ".join(map(shlex.quote, off))
        log.info(f"starting {', '.join(off)}")
        found = link.run(master, f"gnt-instance startup --force-multiple {words}", timeout=SECONDS)
        if not left:
            raise StageError(
                "upgrade",
                f"{', '.join(off)} ran before, and cannot be started",
                code=found.code,
                tail=found.out.splitlines()[-12:],
            )
        time.sleep(0 if found.code == 0 else PAUSE_SECONDS)

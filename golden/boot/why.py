"""Why a node is not READY, by its serial console alone: no login, nothing is asked of the node."""

from __future__ import annotations

import re
from collections.abc import Iterator

from golden import log
from golden.boot import causes, resuming, status
from golden.boot.events import Event, events
from golden.definition.models import Site
from golden.errors import UserError
from golden.paths import shown
from golden.rundir import NodeDir

# What scripts/firstboot/engine/failures.py makes of a command that failed.
_COMMAND = re.compile(r"command `(?P<command>.*)` (?P<end>exit -?\d+|did not end in time)(?:: )?")


def explain(site: Site, node: str) -> None:
    """Print what holds the node's boot up. Raises UserError when it has no console."""
    name = site.node(node).name
    files = NodeDir(site.name, name)
    if not files.console.exists():
        raise UserError(
            f"{name} of site {site.name} has no console here; "
            f"boot it: ./inv boot --site {site.name}"
        )
    for line in lines(site.name, name, files.console_text()):
        log.info(line)
    log.info(f"console: {shown(files.console)}")


def lines(site: str, node: str, text: str) -> Iterator[str]:
    """What the console `text` of the node tells, a line each."""
    found = status.status(text)
    yield f"{node}: {found}"
    if found.phase == "ready":
        return
    event = _last_step(text)
    told = _told(found, event)
    yield from _step(event)
    yield from _output(told, text)
    likely = causes.likely(told)
    for number, cause in enumerate(likely, 1):
        yield f"likely cause {number}: {cause}"
    if not likely:
        yield "likely cause: none is known for these words; the lines before them may tell"
    if found.phase == "failed" and event:
        yield f"when it is mended: {resuming.way_on(site, node, event)}"


def _last_step(text: str) -> Event | None:
    """What the last step said; the line `ready` only repeats it, but for a seed that is missing."""
    said = events(status.last_boot(text))
    steps = [event for event in said if event.step != "ready"]
    return (steps or list(said))[-1] if said else None


def _told(found: status.NodeStatus, event: Event | None) -> str:
    own = event.detail if event else ""
    # The line `ready` says the same as the step that failed, and more around it.
    failed = event is not None and event.state == "failed"
    return found.trouble[1] if found.trouble and not failed else own


def _step(event: Event | None) -> Iterator[str]:
    if event and event.step != "ready":
        where = f"{event.step}, {event.n} of {event.of}"
        yield f"step: {where}, {event.state} for {event.seconds:.0f} s"


def _output(told: str, text: str) -> Iterator[str]:
    command = _COMMAND.search(told)
    if command:
        yield f"command: {command['command']} ({command['end']})"
    said = told[command.end() :] if command else told
    for part in said.split(" | ") if said else status.tail(text, 5):
        yield f"it said: {part}"

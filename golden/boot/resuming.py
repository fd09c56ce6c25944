"""Resuming first boots that failed: `firstboot resume` on the nodes, all at the same time.

They wait for each other, so that one after the other could take for ever.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from golden import log, run
from golden.boot import login, status
from golden.boot.events import Event, readable
from golden.definition.models import Site
from golden.errors import StageError, UserError
from golden.rundir import NodeDir

POLL_SECONDS = 0.5
TAIL_LINES = 12
# ssh's own exit code, ssh(1).
NO_LOGIN = 255


def resume(site: Site, nodes: Iterable[str] = (), words: str = "firstboot resume") -> None:
    """Resume `nodes`, or all whose first boot failed, and show each until it ends. `words` is the
    command that does it there.

    Raises UserError for a node that does not run, or when none has failed; StageError naming the
    first node that failed again, when all have ended.
    """
    names = [site.node(name).name for name in nodes] or _failed(site)
    commands = {name: login.command(site.name, name, words) for name in names}
    logs = {name: NodeDir(site.name, name).path / "resume.log" for name in names}
    running: dict[str, run.Process] = {}
    try:
        for name, argv in commands.items():
            logs[name].unlink(missing_ok=True)
            running[name] = run.start(argv, log=logs[name], stage="resume")
        codes = _follow(running, logs)
    finally:
        for child in running.values():
            run.end(child)
    for name, code in codes.items():
        if code:
            raise _failure(site.name, name, code, logs[name])


def way_on(site: str, node: str, event: Event | None) -> str:
    """The commands that bring a first boot on whose last `event` was a failure, once its cause is
    mended."""
    # Without its seed it knows no steps, and lets nobody in; it looks again at every boot.
    if event and not event.of:
        cut = f"./inv down --cut --node {node} --site {site}"
        return f"{cut}, then ./inv boot --site {site}"
    return f"./inv resume {node} --site {site}"


def _failed(site: Site) -> list[str]:
    files = [NodeDir(site.name, node.name) for node in site.nodes]
    found = [
        each.node
        for each in files
        if each.running() and status.status(each.console_text()).phase == "failed"
    ]
    if not found:
        raise UserError(
            f"no node of site {site.name} that runs has a failed first boot; name one to resume it "
            f"all the same, or see: ./inv status --site {site.name}"
        )
    return found


def _follow(running: Mapping[str, run.Process], logs: Mapping[str, Path]) -> dict[str, int]:
    """Show the last line of each until it ends; their exit codes."""
    codes: dict[str, int] = {}
    with log.progress() as shown:
        tasks = {name: shown.task(name) for name in running}
        while len(codes) < len(running):
            time.sleep(POLL_SECONDS)
            for name in running.keys() - codes.keys():
                code, said = running[name].poll(), (_tail(logs[name]) or [""])[-1]
                tasks[name].say(said)
                if code is not None:
                    codes[name] = code
                    (tasks[name].fail if code else tasks[name].done)(said)
    return {name: codes[name] for name in running}


def _tail(file: Path) -> list[str]:
    return readable(file.read_text(errors="replace")[-20000:])[-TAIL_LINES:]


def _failure(site: str, node: str, code: int, file: Path) -> StageError:
    event = status.status(NodeDir(site, node).console_text()).event
    reason, look = "first boot failed again", "ssh"
    if code == NO_LOGIN:
        reason, look = "nobody can log in", "console"
    return StageError(
        "resume",
        f"{node}: {reason}",
        code=code,
        tail=_tail(file),
        log=file,
        hint=f"./inv {look} {node} --site {site}, and when it is mended there: "
        + way_on(site, node, event),
    )

"""Follow the first boot of a machine without a visible console, over ssh.

The node's status file (scripts/firstboot/engine/report.py) is polled; news become the lines that a
console would have shown, so that everything else works as on other targets.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from golden import run
from golden.boot import login
from golden.errors import StageError, UserError
from golden.rundir import NodeDir

POLL_SECONDS = 5.0
WAITING_SECONDS = 15.0
# The handshake too: emulated, beside a first boot, that alone takes 15 s.
CONNECT_SECONDS = 40
LOGIN_SECONDS = 120.0
STATUS = "cat /var/lib/firstboot/status.json"
Json = dict[str, Any]


def follow(site: str, node: str, goes_on: Callable[[], bool]) -> None:
    """Append the node's first boot to its console file until it is ready, or has failed, or
    `goes_on` says no."""
    files, news = NodeDir(site, node), News()
    while True:
        found = _ask(site, node)
        # Only now: an answer takes its time, and may be of what a new installation overwrites.
        if not goes_on():
            return
        state = files.state()
        if found and state:
            kernel = time.time() - state.power_on - float(found["uptime"])
            for line in news.due(lines(node, found, kernel), time.monotonic()):
                append(files, "firstboot", line)
            if found["state"] == "ready":
                return
        time.sleep(POLL_SECONDS)


class News:
    """Selects the lines that a console would show now: new ones, and repeatedly that of a waiting
    step, or else a long wait would look like a hanging node (engine/report.py)."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str, str], float] = {}

    def due(self, found: Iterable[Json], now: float) -> list[Json]:
        """Those of `found` to be shown at `now`, in seconds."""
        return [line for line in found if self._is_due(line, now)]

    def _is_due(self, line: Json, now: float) -> bool:
        key = (line["step"], line["state"], line["detail"])
        last = self._shown.get(key)
        waits = line["state"] == "waiting" and last is not None and now - last >= WAITING_SECONDS
        if last is None or waits:
            self._shown[key] = now
            return True
        return False


def append(files: NodeDir, kind: str, line: Mapping[str, Any]) -> None:
    """Add the line `@kind {json}` to the console of a node."""
    files.path.mkdir(parents=True, exist_ok=True)
    with files.console.open("a") as file:
        file.write(f"\r\n@{kind} {json.dumps(dict(line), sort_keys=True)}\r\n")


def lines(node: str, record: Json, kernel: float) -> list[Json]:
    """The console lines for the status file `record`; `kernel` is when, in seconds after power-on,
    the node's kernel started: there are no lines of its own that would show it."""
    uptime = kernel + float(record["uptime"]) - float(record["seconds"])
    found = []
    of = record["of"]
    for number, step in enumerate(record["steps"], 1):
        uptime += step["seconds"]
        found.append(_line(node, step["name"], number, of, step["state"], step, uptime))
    end = {"ready": "done", "failed": "failed"}.get(record["state"])
    if end:
        found.append(_line(node, "ready", of, of, end, record, uptime))
    elif record["step"] and len(found) < record["n"]:
        state = "waiting" if record["detail"] else "running"
        now = {"detail": record["detail"], "seconds": 0.0}
        found.append(_line(node, record["step"], record["n"], of, state, now, uptime))
    return found


def _line(node: str, step: str, n: int, of: int, state: str, said: Json, uptime: float) -> Json:
    return {
        "node": node,
        "step": step,
        "n": n,
        "of": of,
        "state": state,
        "detail": said.get("detail") or "",
        "seconds": said["seconds"],
        "uptime": round(uptime, 1),
    }


def _ask(site: str, node: str) -> Json | None:
    """The status file; None while the node does not answer."""
    try:
        words = login.command(site, node, STATUS)
        words[1:1] = ["-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_SECONDS}"]
        result = run.run(words, timeout=LOGIN_SECONDS, check=False, apart=True)
        found: Json = json.loads(result.out)
    except (StageError, UserError, ValueError):
        return None
    return found

"""Ask a booted node, by ssh alone: the same for a VM, a container and a machine."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from golden import run
from golden.errors import StageError, UserError
from golden.paths import CACHE, SCRIPTS, shown

# Handshake included (ssh_config(5)): on an emulated machine on a busy host it took up to 15 s.
CONNECT_SECONDS = 60
MARK = "@facts "
_SECONDS = re.compile(r"^\d{1,12}\.\d+$", re.MULTILINE)
# The scripts that others import, each after those that it imports itself.
IMPORTED = ("guest", "amqp", "files")

# Puts the scripts of a job where they can import each other, calls main() of those asked, and
# prints one line of JSON. The job comes on stdin: it holds passwords, which a command line shows.
_DRIVER = f"""
import json, sys, types
job = json.load(sys.stdin)
for name, source in job["scripts"]:
    module = sys.modules[name] = types.ModuleType(str(name))
    exec(compile(source, str(name) + ".py", "exec"), module.__dict__)
answer = dict((name, sys.modules[name].main(job["request"])) for name in job["asked"])
sys.stdout.write({MARK!r} + json.dumps(answer) + "\\n")
"""


class UnreachableError(Exception):
    """The node refuses the login; the message is ssh's."""


class Connection:
    """Commands as root on the nodes that an ssh configuration names."""

    def __init__(self, config: Path) -> None:
        self.config = config

    @classmethod
    def to(cls, site: str) -> Connection:
        """The connection to the booted nodes of `site`. Raises UserError when none was booted."""
        config = CACHE / "run" / site / "ssh_config"
        if not config.exists():
            raise UserError(
                f"{shown(config)}: no node of site {site} is booted here; "
                f"boot them with: ./inv boot --site {site}"
            )
        return cls(config)

    def run(
        self, node: str, command: str, *, stdin: str | None = None, timeout: float = 120
    ) -> run.Result:
        """Run `command` on `node`. Raises UnreachableError when ssh fails or takes too long."""
        options = ["-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_SECONDS}"]
        argv = ["ssh", "-F", str(self.config), *options, node, "--", command]
        try:
            result = run.run(argv, stdin=stdin, timeout=timeout, check=False)
        except StageError as error:
            raise UnreachableError(f"{node}: {error.message}") from error
        # ssh's own failures, as opposed to those of the command: ssh(1), EXIT STATUS.
        if result.code == 255:
            raise UnreachableError(f"{node}: {_last_line(result.out)}")
        return result

    def ask(
        self,
        node: str,
        python: str,
        asked: Sequence[str],
        request: Mapping[str, Any],
        timeout: float = 300,
    ) -> dict[str, Any]:
        """Run the scripts `asked` of scripts/check under the node's `python`: {script: answer}.

        Raises UnreachableError, and StageError when a script fails there.
        """
        names = [*IMPORTED, *(name for name in asked if name not in IMPORTED)]
        scripts = [(name, (SCRIPTS / "check" / f"{name}.py").read_text()) for name in names]
        job = json.dumps({"scripts": scripts, "asked": list(asked), "request": request})
        command = f"{python} -c {shlex.quote(_DRIVER)}"
        result = self.run(node, command, stdin=job, timeout=timeout)
        answer = _answer(result.out, asked) if result.code == 0 else None
        if answer is None:
            raise StageError(
                "check",
                f"{node}: a script of scripts/check failed there",
                code=result.code,
                tail=result.out.splitlines()[-12:],
            )
        return answer

    def clock_offset(self, node: str, tries: int = 3) -> tuple[float, float]:
        """(seconds that the node's clock is ahead of ours, uncertainty), the best of `tries`."""
        return min((self._offset(node) for _ in range(tries)), key=lambda pair: pair[1])

    def _offset(self, node: str) -> tuple[float, float]:
        before = time.time()
        said = self.run(node, "date +%s.%N").out
        after = time.time()
        found = _SECONDS.search(said)
        if not found:
            raise UnreachableError(f"{node}: it does not tell the time: {_last_line(said)}")
        there = float(found[0])
        return there - (before + after) / 2, (after - before) / 2


def refusal(link: Connection, node: str, command: str, otherwise: str) -> str:
    """Why `command` does not succeed on `node`: ssh's words, or `otherwise`; "" when it does."""
    try:
        return "" if link.run(node, command).code == 0 else otherwise
    except UnreachableError as error:
        return str(error)


def _answer(out: str, asked: Sequence[str]) -> dict[str, Any] | None:
    """The last answer in what a node said, if it is one to all that was asked; it may be broken, or
    hostile."""
    lines = [line for line in out.splitlines() if line.startswith(MARK)]
    try:
        found = json.loads(lines[-1][len(MARK) :]) if lines else None
    except (ValueError, RecursionError):  # no JSON, or nested deeper than the parser goes
        return None
    return found if isinstance(found, dict) and set(asked) <= found.keys() else None


def _last_line(out: str) -> str:
    lines = [line for line in out.splitlines() if line.strip()]
    return lines[-1] if lines else "ssh said nothing"

"""One layer's scripts, run by Packer, and its output, read while it runs."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from golden import paths, run
from golden.errors import StageError

TAIL_LINES = 12
SHOWN_COMMAND = 200  # characters; a call of dpkg names hundreds of files
STEP_PERCENT = 10

_OUTPUT = re.compile(r"^(?:==> +|    )[a-z]+\.[a-z]+: (.*)$")
_SCRIPT = re.compile(r"(?:Running local shell script|Provisioning with shell script): .*/(\S+)$")
_EXIT = re.compile(r"non-zero exit (?:status|code): (\d+)|exited with non-zero exit status: (\d+)")
_TRACE = re.compile(r"^\++ (.*)$")
_DPKG = re.compile(r"^(?:Unpacking|Setting up) ")


class Follower:
    """Reads Packer's output: which script runs, its progress, what failed."""

    def __init__(self, say: Callable[[str], None], packages: int) -> None:
        self._say = say
        self._steps = 2 * packages
        self._seen = 0
        self._began = 0.0
        self.seconds: dict[str, float] = {}
        self.script = ""
        self.command = ""
        self.code: int | None = None
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        # dpkg goes on with other packages after an error, and names the reason only then.
        self.errors: list[str] = []
        self._reasons = 0

    def line(self, line: str) -> None:
        """Read one line of Packer's output."""
        found = _EXIT.search(line)
        if found:
            self.code = int(found.group(1) or found.group(2))
        match = _OUTPUT.match(line)
        if not match:
            return
        text = match.group(1)
        script = _SCRIPT.match(text)
        if script:
            self.stop()
            self.script, self.command = script.group(1), ""
            self._say(self.script)
        elif trace := _TRACE.match(text):
            self.command = trace.group(1)
        else:
            self._ordinary(text)

    def stop(self) -> None:
        """Record the duration of the script that just ended."""
        now = time.monotonic()
        if self.script:
            self.seconds[self.script] = round(now - self._began, 2)
        self._began = now

    def _ordinary(self, text: str) -> None:
        if text.startswith("dpkg: error"):
            self._reasons = 2
        if self._reasons:
            self.errors.append(text)
            self._reasons -= 1
        elif text.strip():
            self.tail.append(text)
        if _DPKG.match(text) and self._steps:
            before = 100 * self._seen // self._steps
            self._seen += 1
            now = 100 * self._seen // self._steps
            if now // STEP_PERCENT > before // STEP_PERCENT:
                self._say(f"{self.script}: {min(now, 100)} % of the packages' work")


def build(
    layer: str,
    source: str,
    variables: Mapping[str, Any],
    folder: Path,
    log: Path,
    say: Callable[[str], None],
    packages: int = 0,
    enter: Sequence[str] = (),
) -> Mapping[str, float]:
    """Run Packer on packer/ for `source` (`null.tree` or `qemu.machine`) with `variables`.

    `folder` is scratch space, `enter` an argv prefix for Packer. Returns the seconds that each
    script took. Raises StageError naming layer, script and command when one fails.
    """
    values = folder / f"{layer}.pkrvars.json"
    values.write_text(json.dumps(variables, indent=1))
    follower = Follower(say, packages)
    argv = [*enter, "packer", "build", "-color=false", f"-only={source}", f"-var-file={values}"]
    result = run.run(
        [*argv, paths.PACKER],
        cwd=folder,
        env=_environment(),
        log=log,
        on_line=follower.line,
        check=False,
        stage=f"bake {layer}",
    )
    # With nothing to build, Packer exits with 0 (docs/wheezy.md W16.2).
    if result.code != 0 or f"Build '{source}' finished" not in result.out:
        raise failure(layer, follower, result, log)
    follower.stop()
    return follower.seconds


def failure(layer: str, follower: Follower, result: run.Result, log: Path) -> StageError:
    """The error of a layer that failed."""
    full = any("No space left" in line for line in (*follower.tail, *follower.errors))
    again = f"fix it and run the bake again: it resumes at layer {layer}"
    if not follower.script:
        lines = [line for line in result.out.splitlines() if line.strip()]
        return StageError(
            f"bake {layer}",
            "Packer failed before the first script",
            code=result.code,
            tail=lines[-TAIL_LINES:],
            log=log,
            hint=again,
        )
    return StageError(
        f"bake {layer}",
        "no space left on the disk" if full else f"script {follower.script} failed",
        command=_split(follower.command) or [follower.script],
        code=follower.code if follower.code is not None else result.code,
        tail=[f"({follower.script})", *follower.tail, *follower.errors[:TAIL_LINES]],
        log=log,
        hint=again,
    )


def _split(command: str) -> list[str]:
    if len(command) > SHOWN_COMMAND:
        command = f"{command[:SHOWN_COMMAND]} …"
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _environment() -> dict[str, str]:
    """Keep Packer's files in our own folders, and stop it from looking for newer versions."""
    home = paths.CACHE / "packer"
    home.mkdir(parents=True, exist_ok=True)
    config = home / "config.json"
    if not config.exists():
        config.write_text("{}\n")
    return {
        "CHECKPOINT_DISABLE": "1",
        "PACKER_CACHE_DIR": str(home / "cache"),
        "PACKER_CONFIG": str(config),
        "PACKER_NO_COLOR": "1",
        # Relative: Packer's plugins listen on Unix sockets there. An address holds 107 bytes, and
        # Packer crashes where the project lies deeper than that.
        "TMPDIR": ".",
    }

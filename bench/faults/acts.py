"""The words of a case: each makes an act, which does or wants one thing of a stage."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.faults.stage import Stage
from golden.boot import running
from golden.errors import StageError


@dataclass(frozen=True)
class Act:
    """`do` with its words for the log."""

    what: str
    do: Callable[[Stage], None]


def on(*nodes: str) -> Act:
    """Power them on, one right after the other."""

    def do(stage: Stage) -> None:
        for node in nodes:
            stage.on(node)

    return Act(f"{' and '.join(nodes)} on", do)


def restart(node: str) -> Act:
    """Shut it down in order and power it on again."""

    def do(stage: Stage) -> None:
        stage.off(node)
        stage.on(node)

    return Act(f"{node} restarts", do)


def off(node: str) -> Act:
    """Shut it down in order."""
    return Act(f"{node} shuts down", lambda stage: stage.off(node))


def cut(node: str) -> Act:
    """Cut its power."""
    return Act(f"{node} loses its power", lambda stage: stage.cut(node))


def at(node: str, step: str, state: str) -> Act:
    """Wait until first boot says so."""
    what = f"{node} says that {step} is {state}"
    return Act(what, lambda stage: stage.until(what, lambda: stage.reached(node, step, state)))


def pause(seconds: float) -> Act:
    """Wait."""
    return Act(f"{seconds:.0f} s later", lambda _: time.sleep(seconds))


def shell(node: str, what: str, script: str) -> Act:
    """Run a script as root in the node."""

    def do(stage: Stage) -> None:
        stage.shell(node, script)

    return Act(f"{node}: {what}", do)


def cable(node: str, state: str) -> Act:
    """Its cable is `down` or `up`."""
    return Act(f"the LAN of {node} is {state}", lambda stage: stage.cable(node, state))


def waits(node: str, words: str, cause: str) -> Act:
    """It waits, and tells so."""

    def do(stage: Stage) -> None:
        stage.until(f"{node} says {words}", lambda: words in stage.status(node))
        # Its own file tells so too, two seconds later.
        stage.until("in its status", lambda: words in stage.own_status(node), 30)
        stage.told(node, words, cause)

    return Act(f"{node} waits: {words}", do)


def fails(node: str, words: str, cause: str) -> Act:
    """First boot fails, and `inv boot` ends with the node's sentence."""

    def do(stage: Stage) -> None:
        try:
            running.boot(stage.site, [node], stage.place)
        except StageError as error:
            if words not in str(error):
                raise
        else:
            raise StageError("fault", f"{node} is READY all the same")
        stage.told(node, words, cause)

    return Act(f"{node} fails: {words}", do)


def resume(node: str) -> Act:
    """`inv resume NODE`."""
    return Act(f"{node} is resumed", lambda stage: stage.resume(node))


def ready() -> Act:
    """`inv boot` until all are READY."""
    return Act("all READY", lambda stage: stage.boot())


def notes(node: str, words: str) -> Act:
    """It is READY and says something besides."""

    def do(stage: Stage) -> None:
        stage.until(f"{node} is READY", lambda: stage.reached(node, "ready", "done"))
        if words not in stage.own_status(node):
            raise StageError("fault", f"{node} does not say {words}: {stage.own_status(node)}")
        stage.said.append(f"{node}: READY; {words}")

    return Act(f"{node} notes: {words}", do)


def seed_missing(node: str) -> Act:
    """Its seed is not there."""

    def do(stage: Stage) -> None:
        for file in stage.seed(node).iterdir():
            file.unlink()

    return Act(f"{node} has no seed", do)


def seed_is(node: str, what: str, edit: Callable[[str], str] = str) -> Act:
    """Its seed is that of the beginning, with its user-data edited."""

    def do(stage: Stage) -> None:
        folder = stage.seed(node)
        for file in folder.with_name("seed.kept").iterdir():
            text = file.read_text()
            (folder / file.name).write_text(edit(text) if file.name == "user-data" else text)

    return Act(f"the seed of {node} is {what}", do)

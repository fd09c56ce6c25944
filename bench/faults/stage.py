"""The site that a case is played on: containers, their consoles, what the tool says of them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from docker.models.containers import Container as Handle

from golden import run
from golden.boot import resuming, running, status, why
from golden.boot.container import engine
from golden.boot.container.names import labels
from golden.boot.container.target import Container
from golden.boot.events import events
from golden.definition.models import Site
from golden.errors import StageError
from golden.rundir import NodeDir

# For a step's turn to come, on a busy host.
STEP_SECONDS = 600.0
POLL_SECONDS = 0.1
# What the console keeps of a sentence, scripts/firstboot/engine/console.py.
SENTENCE = 400


class Stage:
    """`site`, of which nothing runs yet. What is not as wanted is a StageError."""

    def __init__(self, site: Site) -> None:
        self.site, self.place = site, Container()
        # What the nodes said of the fault, for the table.
        self.said: list[str] = []

    def on(self, node: str) -> None:
        """Power on, and wait for nothing."""
        running.power_on(self.site, [self.site.node(node)], self.place)

    def off(self, node: str) -> None:
        """Shut down in order; the disk stays."""
        running.down(self.site, [node], keep=True)

    def cut(self, node: str) -> None:
        """Cut the power; the disk stays."""
        running.down(self.site, [node], cut=True)

    def boot(self) -> None:
        """`inv boot`: until all nodes are READY."""
        running.boot(self.site, (), self.place)

    def resume(self, node: str) -> None:
        """`inv resume NODE`."""
        resuming.resume(self.site, [node])

    def shell(self, node: str, script: str) -> str:
        """Run a script in the node, whether it lets anybody in or not; what it prints."""
        code, out = self._container(node).exec_run(["sh", "-euc", script])
        text = out.decode(errors="replace") if isinstance(out, bytes) else ""
        if code:
            raise StageError("fault", f"{node}: {script}", code=code, tail=text.splitlines()[-8:])
        return text

    def cable(self, node: str, state: str) -> None:
        """Pull the node's cable out (`down`) or push it in (`up`): this host's end of it."""
        index = self.shell(node, "cat /sys/class/net/eth0/iflink").strip()
        for link in Path("/sys/class/net").iterdir():
            if (link / "ifindex").read_text().strip() == index:
                run.run(["ip", "link", "set", "dev", link.name, state], stage="fault")
                return
        raise StageError("fault", f"this host has no end of the cable of {node}")

    def until(self, what: str, probe: Callable[[], bool], seconds: float = STEP_SECONDS) -> None:
        """Ask `probe()` until it is true."""
        end = time.monotonic() + seconds
        while not probe():
            if time.monotonic() > end:
                raise StageError("fault", f"not after {seconds:.0f} s: {what}")
            time.sleep(POLL_SECONDS)

    def reached(self, node: str, step: str, state: str) -> bool:
        """Whether first boot said so since power-on."""
        return any((each.step, each.state) == (step, state) for each in events(self._text(node)))

    def status(self, node: str) -> str:
        """What `inv status` says of it."""
        return str(status.status(self._text(node)))

    def told(self, node: str, words: str, cause: str) -> None:
        """The node says one sentence with `words` on its console and in its own status, and
        `inv why` names `cause` among its likeliest."""
        sentence = status.status(self._text(node))
        lines = list(why.lines(self.site.name, node, self._text(node)))
        causes = [line for line in lines if line.startswith("likely cause ")]
        wrong = {
            "not on its console": words not in str(sentence),
            "longer than a sentence": len(str(sentence)) > SENTENCE + 100,
            "a traceback": "Traceback" in str(sentence),
            "not in firstboot status": words not in self.own_status(node),
            f"`{cause}` is none of the likely causes": not any(cause in each for each in causes),
        }
        if found := [each for each, is_so in wrong.items() if is_so]:
            tail = [str(sentence), *causes, *self.own_status(node).splitlines()[-2:]]
            raise StageError("fault", f"{node}, {words}: {'; '.join(found)}", tail=tail)
        self.said.append(f"{node}: {sentence}")

    def own_status(self, node: str) -> str:
        """What `firstboot status` says in the node, which is 1 while it is not READY."""
        return self.shell(node, "firstboot status || :")

    def seed(self, node: str) -> Path:
        """The folder that the node has for its seed; what it was first is kept beside it."""
        folder = NodeDir(self.site.name, node).path / "seed"
        kept = folder.with_name("seed.kept")
        if not kept.exists():
            shutil.copytree(folder, kept)
        return folder

    def end(self) -> None:
        """Throw the nodes away."""
        running.down(self.site)

    def _text(self, node: str) -> str:
        return NodeDir(self.site.name, node).console_text()

    def _container(self, node: str) -> Handle:
        wanted = [f"{key}={value}" for key, value in labels(self.site.name, node).items()]
        found: list[Handle] = engine.connect().containers.list(filters={"label": wanted})
        if not found:
            raise StageError("fault", f"{node} does not run")
        return found[0]

"""One first boot of a site whose power is cut again and again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.cuts.plan import READY, Strike
from golden import log
from golden.boot import running
from golden.boot.events import Event, events
from golden.boot.target import Target
from golden.definition.models import Site
from golden.errors import StageError
from golden.rundir import NodeDir

POLL_SECONDS = 0.03
# Nothing new on any console for so long: on a host with KVM, or with emulation's factor.
SILENT_SECONDS = 200.0


@dataclass
class Cut:
    """A cut as it happened: the step and state that the console told last, and the seconds from
    power-on until first boot had come past that step again, if no other cut came in between."""

    strike: Strike
    at: dict[str, str]
    recovery: float | None = None


@dataclass
class _Node:
    name: str
    files: NodeDir
    seen: int = 0
    number: int = 0
    step: str = ""
    ready: bool = False
    power_on: float = 0.0
    # Cuts of this node that it has not come past yet, with the number of the step.
    open: list[tuple[int, Cut]] = field(default_factory=list)

    def news(self) -> Iterator[Event]:
        """What first boot has said since the last look."""
        found = [event for event in events(self.files.console_text()) if event.node == self.name]
        yield from found[self.seen :]
        self.seen = len(found)

    def come_past(self, number: int) -> None:
        """First boot has ended the step of that number."""
        for wanted, cut in [each for each in self.open if each[0] <= number]:
            took = round(time.monotonic() - self.power_on, 1)
            cut.recovery = max(took, cut.recovery or 0.0)
            self.open.remove((wanted, cut))


class Sequence:
    """`strikes` at a site's first boot at `place`; its nodes must not run."""

    def __init__(self, site: Site, place: Target, strikes: dict[tuple[str, str], Strike]) -> None:
        self.site, self.place = site, place
        self.left = dict(strikes)
        self.cuts: list[Cut] = []
        self.factor = 1.0
        self.nodes = {
            node.name: _Node(node.name, NodeDir(site.name, node.name)) for node in site.nodes
        }
        self._last_word = time.monotonic()

    def run(self) -> list[Cut]:
        """All cuts, when every node is READY. Raises StageError when one never is."""
        self._power_on(list(self.nodes))
        while not all(node.ready for node in self.nodes.values()):
            for node in list(self.nodes.values()):
                for event in node.news():
                    self._last_word = time.monotonic()
                    if self._hear(node, event):
                        break  # its console begins anew
            if time.monotonic() - self._last_word > SILENT_SECONDS * self.factor:
                raise self._wedged("no console says anything any more")
            time.sleep(POLL_SECONDS)
        return self.cuts

    def _hear(self, node: _Node, event: Event) -> bool:
        """Note what the node says; whether its own power was cut for it."""
        if (event.step, event.state) == (READY, "failed"):
            raise self._wedged(f"{node.name}: {event.detail}")
        node.step = f"{event.step} {event.state}"
        node.ready = (event.step, event.state) == (READY, "done")
        node.number = event.of if node.ready else event.n
        if event.state in ("done", "skipped"):
            node.come_past(event.of + 1 if node.ready else event.n)
        strike = self.left.get((node.name, event.step))
        if strike is None or (strike.moment == "after" and event.state not in ("done", "skipped")):
            return False
        del self.left[node.name, event.step]
        self._cut(strike)
        return node.name in strike.cut

    def _cut(self, strike: Strike) -> None:
        time.sleep(strike.delay)
        cut = Cut(strike, {name: self.nodes[name].step for name in strike.cut})
        for name in strike.cut:
            self.place.cut(self.site.name, name)
        self.cuts.append(cut)
        where = f"{strike.moment} {strike.step} of {strike.node}"
        log.info(f"cut {len(self.cuts)}: {' and '.join(strike.cut)}, {where}")
        time.sleep(strike.off)
        for name in strike.cut:
            node = self.nodes[name]
            node.open.append((max(node.number, 1), cut))
        self._power_on(list(strike.cut))

    def _power_on(self, names: list[str]) -> None:
        for name in names:
            node = self.nodes[name]
            node.seen, node.ready = 0, False
        running.power_on(self.site, [self.site.node(name) for name in names], self.place)
        for name in names:
            node = self.nodes[name]
            node.power_on = self._last_word = time.monotonic()
            state = node.files.state()
            self.factor = state.factor if state else self.factor

    def _wedged(self, why: str) -> StageError:
        last = self.cuts[-1].strike if self.cuts else None
        return StageError("power cuts", f"{why}; after {len(self.cuts)} cuts, the last: {last}")

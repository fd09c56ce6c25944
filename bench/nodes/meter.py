"""How busy this host's processors are, and for how much of it the nodes are the reason."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Self

import docker
from docker.errors import NotFound

SAMPLE_SECONDS = 1.0


@dataclass(frozen=True)
class Sample:
    """At `uptime` of this host's kernel: the seconds that all its processors together were `busy`
    until then, and that all `nodes` and the `master` among them have had of those."""

    uptime: float
    busy: float
    nodes: float
    master: float

    def since(self, other: Sample) -> Sample:
        """What came after `other`."""
        mine, others = astuple(self), astuple(other)
        return Sample(*(new - old for new, old in zip(mine, others, strict=True)))


class Meter:
    """Takes `samples` while used as a context; `count` gives the seconds of each node, the master
    first, and what it raises the end of the context raises."""

    def __init__(self, count: Callable[[], Sequence[float]]) -> None:
        self._count = count
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self.samples: list[Sample] = []

    def __enter__(self) -> Self:
        self._taking = self._pool.submit(self._take)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._taking.result()

    def _take(self) -> None:
        while True:
            nodes, moment = self._count(), uptime()
            all_busy = busy(Path("/proc/stat").read_text())
            self.samples.append(Sample(moment, all_busy, sum(nodes), nodes[0]))
            if self._stop.wait(SAMPLE_SECONDS):
                return


def uptime() -> float:
    """Seconds since this host's kernel started, and so that of a container."""
    return float(Path("/proc/uptime").read_text().split()[0])


def busy(stat: str) -> float:
    """The seconds that all processors were busy by /proc/stat (proc(5)), or would have been had the
    host of this host let them."""
    _, user, nice, system, _, _, irq, soft, steal, *_ = stat.split()
    ticks = sum(map(int, (user, nice, system, irq, soft, steal)))
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Used:
    """What a container has had by now: the `seconds` of processors, and the `mib` of memory that it
    holds, as `docker stats` shows it."""

    seconds: float = 0.0
    mib: float = 0.0


def used(client: docker.DockerClient, container: str) -> Used:
    """By the engine's count; nothing while there is no such container."""
    try:
        found: Any = client.api.stats(container, stream=False, one_shot=True)
    except NotFound:
        return Used()
    return by_engine(found)


def by_engine(stats: Mapping[str, Any]) -> Used:
    """An answer of the engine (Docker's API, ContainerStats), read as its client reads it: without
    the file pages that nothing has used of late. An engine without memory cgroups gives no MiB."""
    memory = stats["memory_stats"]
    details = memory.get("stats", {})
    # The first is of cgroup v1, where the other leaves out the groups below.
    idle = details.get("total_inactive_file", details.get("inactive_file", 0))
    mib = (memory.get("usage", 0) - idle) / (1 << 20)
    return Used(stats["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9, mib)


def spent(samples: Sequence[Sample], began: float, ended: float) -> Sample:
    """What came between two moments of `uptime`."""
    return _at(samples, ended).since(_at(samples, began))


def _at(samples: Sequence[Sample], moment: float) -> Sample:
    """Between the samples before and after, in proportion; outside of all of them the nearest."""
    before = max((one for one in samples if one.uptime <= moment), key=_when, default=samples[0])
    after = min((one for one in samples if one.uptime >= moment), key=_when, default=samples[-1])
    length = after.uptime - before.uptime
    share = (moment - before.uptime) / length if length > 0 else 0.0
    pairs = zip(astuple(before), astuple(after), strict=True)
    return Sample(*(old + share * (new - old) for old, new in pairs))


def _when(sample: Sample) -> float:
    return sample.uptime

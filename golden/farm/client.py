"""The side that asks: hands the tasks to dask, shows them, takes what they made."""

from __future__ import annotations

import contextlib
import itertools
import logging
import shutil
import ssl
import time
import urllib.parse
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import dask
from distributed import (
    CancelledError,
    Client,
    Future,
    KilledWorker,
    LocalCluster,
    Security,
    as_completed,
)
from distributed.comm import CommClosedError
from distributed.utils import get_ip

from golden import log, manifest, paths
from golden.bake import Order, Plan
from golden.bake.disk import Disk
from golden.bake.layer import Builder
from golden.errors import StageError, UserError
from golden.farm import graph, security, transfer, worker
from golden.farm.facts import facts, require_same
from golden.farm.graph import Task
from golden.farm.model import Brief, Made, MadeDisk
from golden.layers import Workspace

# dask tries a task of a lost worker again anyway; this is for one that failed: a mirror's hiccup.
RETRIES = 1
# A layer whose worker is lost before it gave it away is made once more by another.
TRIES, PAUSE = 5, 3.0
CONNECT_SECONDS = 20.0
# Ctrl-C in a terminal reaches the workers, too; the process that asks ends them in order.
_PRELOAD = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"


def make(
    address: str, orders: Sequence[Order], plans: Sequence[Plan], workspace: Workspace
) -> None:
    """Make what is stale in `plans` on the farm at `address`, and take it into this host's folders.

    When a task fails, or Ctrl-C comes, all others end, too; layers that were finished are kept.
    Raises UserError where no farm answers or its hosts differ, StageError when a task fails.
    """
    tasks = graph.tasks(plans)
    if not tasks:
        return
    own = security.own()
    with _connected(address, workspace, own) as (client, host), log.progress() as progress:
        offers = _workers(client)
        graph.require_offered(tasks, offers)
        log.info(f"farm {address}: {len(offers)} workers, {len(tasks)} layers and disks")
        serving, asking = security.contexts(own, "client")
        server = transfer.Server(host, serving)
        labels = {task.key: task.label for task in tasks}
        lines = {
            task.label: progress.task(
                task.label, task.seconds, needs=[labels[key] for key in task.needs] or ["a worker"]
            )
            for task in tasks
        }
        run = _Run(client, {order.site.name: order for order in orders}, workspace, asking, lines)
        try:
            run.make(tasks, server.address)
        finally:
            server.shutdown()
            server.server_close()


@contextlib.contextmanager
def _connected(address: str, workspace: Workspace, own: Security) -> Iterator[tuple[Client, str]]:
    """A client of the farm, and the address of this host that its workers reach."""
    if address.startswith("local:"):
        count = int(address.removeprefix("local:"))
        with (
            dask.config.set(security.NO_PAGES),
            _cluster(count, workspace, own) as cluster,
            Client(cluster, security=own, set_as_default=False) as client,
        ):
            yield client, "127.0.0.1"
        return
    # All speak TLS, whatever it is called.
    url = urllib.parse.urlsplit(address)._replace(scheme="tls")
    try:
        client = Client(url.geturl(), security=own, set_as_default=False, timeout=CONNECT_SECONDS)
    except OSError as error:
        raise UserError(
            f"--farm {address}: no scheduler answers that has this checkout's certificate "
            f"({error}); start one with the file that ./inv farm.keys writes (docs/how-to.md)"
        ) from None
    with client:
        yield client, get_ip(url.hostname)


def _cluster(count: int, workspace: Workspace, own: Security) -> LocalCluster:
    free = shutil.disk_usage(paths.CACHE).free >> 20
    offer = {graph.ROOT: 1, graph.DISK: max(free // count, graph.DISK_MIB)}
    return LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        security=own,
        resources=offer,
        preload=[_PRELOAD],
        memory_limit=0,
        local_directory=str(workspace.scratch("dask")),
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        silence_logs=logging.ERROR,
    )


def _workers(client: Client) -> Mapping[str, graph.Resources]:
    """{address: what it offers} of the workers. Raises UserError unless all are as this host."""
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError:
        raise UserError(
            f"--farm: no worker came to the scheduler within {CONNECT_SECONDS:.0f} s; start one "
            "in a checkout of this commit (docs/how-to.md)"
        ) from None
    told = client.run(worker.describe, on_error="return")
    # A worker that is lost just now makes nothing; those that answer do, as at any other time.
    answers = {name: what for name, what in told.items() if not isinstance(what, CommClosedError)}
    if not answers:
        raise StageError("farm", "every worker was lost while it was asked what it offers")
    for address, answer in answers.items():
        if isinstance(answer, ImportError | AttributeError):
            raise UserError(f"worker {address}: {answer}; start it in a checkout of this commit")
        if isinstance(answer, Exception):
            raise answer
    require_same(facts(), {address: answer[0] for address, answer in answers.items()})
    return {address: answer[1] for address, answer in answers.items()}


@dataclass
class _Run:
    """One bake on the farm."""

    client: Client
    orders: Mapping[str, Order]
    workspace: Workspace
    asking: ssl.SSLContext
    lines: Mapping[str, log.Task]
    name: str = field(default_factory=lambda: f"bake-{uuid.uuid4()}")

    def make(self, tasks: Sequence[Task], address: str) -> None:
        """Have them all made; `address` serves what this host has."""
        self.client.subscribe_topic(self.name, self._heard)
        futures: dict[str, Future] = {}
        try:
            self._submit(tasks, address, futures)
            of = {task.key: task for task in tasks}
            for future in as_completed(list(futures.values()), loop=self.client.loop):
                self._take(of[future.key], future)
                self.lines[of[future.key].label].done()
        except BaseException:
            self._end(list(futures.values()))
            raise

    def _submit(self, tasks: Sequence[Task], address: str, futures: dict[str, Future]) -> None:
        briefs = {name: self._brief(order, address) for name, order in self.orders.items()}
        for task in tasks:
            futures[task.key] = self.client.submit(
                worker.make_disk if task.is_disk else worker.layer,
                briefs[task.site],
                task.label,
                task.step,
                *(futures[key] for key in task.needs),
                key=task.key,
                resources=task.resources,
                retries=RETRIES,
                pure=False,
            )

    def _brief(self, order: Order, address: str) -> Future:
        """A task of its own, which dask hands from worker to worker and repeats if it is lost."""
        stored = [order.store.get(recipe.layer) for recipe in order.recipes.all()]
        held = {one.record["key"]: one.content for one in stored if one and "content" in one.record}
        brief = Brief(
            self.name,
            order.disks,
            order.resolver.state.offline,
            self.workspace.folder,
            Made(address, held),
            facts(),
        )
        key = f"brief-{order.site.name}-{self.name}"
        return self.client.submit(_same, brief, key=key, retries=RETRIES, pure=False)

    def _heard(self, event: tuple[float, Mapping[str, str]]) -> None:
        """A worker began a task (with an empty text), or says what it does."""
        told = event[1]
        line, who = self.lines.get(told["label"]), told["worker"].partition("://")[2]
        if line is None or line.state in ("done", "failed"):
            return
        if not told["text"]:
            if line.state == "running":
                log.warn(f"{line.name}: was lost or failed, and begins again on worker {who}")
            line.begin()
        line.say(f"{who}: {told['text']}" if told["text"] else who)

    def _take(self, task: Task, future: Future) -> None:
        """Take what a task made, if it is not here yet, once more from another if it got lost."""
        order, why = self.orders[task.site], ""
        for _ in range(TRIES):
            made = self._result(task, future)
            try:
                if self._is_here(order, task) or self._came(order, task, made):
                    return
            except OSError as error:
                why = f": {error}"
            time.sleep(PAUSE)
        raise StageError("farm", f"{task.label} was made, but no worker gives it{why}")

    def _result(self, task: Task, future: Future) -> Made | MadeDisk:
        try:
            made: Made | MadeDisk = future.result()
        except KilledWorker:
            self.lines[task.label].fail()
            raise StageError(
                "farm",
                f"{task.label}: worker after worker was lost while it made this",
                hint="their logs say why; an OOM killer, or a disk that filled?",
            ) from None
        except CancelledError:
            raise StageError(
                "farm",
                "the scheduler is gone",
                hint="start it and run the bake again: finished layers are kept",
            ) from None
        except (UserError, StageError):
            self.lines[task.label].fail()
            raise
        return made

    def _is_here(self, order: Order, task: Task) -> bool:
        if not task.is_disk:
            return order.store.find(task.key.removeprefix("layer-")) is not None
        target = _target(order, task)
        place = (order.site.name, target.kind.name, target.format, target.key)
        return manifest.find(*place) is not None

    def _came(self, order: Order, task: Task, made: Made | MadeDisk) -> bool:
        line = self.lines[task.label]
        if isinstance(made, MadeDisk):
            line.say(f"taking it from {made.address}")
            transfer.take_disk(_target(order, task), made, self.asking)
            return True
        recipe = next(each for each in order.recipes.all() if each.name == task.step)
        inner = self.workspace.inner(f"{task.key}-{time.time_ns()}")
        builder = Builder(order.site, order.store, inner, order.resolver)
        return any(
            transfer.take_layer(builder, recipe, source, self.asking, line.say)
            for source in itertools.chain([made], self._others(made))
        )

    def _others(self, made: Made) -> Iterator[Made]:
        """Where else a layer may be, asked when it comes to that: who needed it has it, too."""
        servers = self.client.run(worker.serve, on_error="ignore").values()
        yield from (replace(made, address=each) for each in set(servers) - {made.address})

    def _end(self, futures: Sequence[Future]) -> None:
        # Without its scheduler a farm ends by itself.
        with contextlib.suppress(OSError, TimeoutError, CancelledError):
            self.client.cancel(futures, force=False)
            self.client.run(worker.abandon, self.name, on_error="ignore")


def _target(order: Order, task: Task) -> Disk:
    return next(disk for disk in order.disks if disk.name == task.step)


def _same(brief: Brief) -> Brief:
    return brief

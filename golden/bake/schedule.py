"""Runs jobs as soon as what they need is done, several at once, until one fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """`work` may begin when all jobs named in `needs` are done."""

    name: str
    needs: tuple[str, ...]
    work: Callable[[], None]


def run_jobs(jobs: Mapping[str, Job], at_once: int, abandon: Callable[[], None]) -> None:
    """Run all `jobs`, at most `at_once` together, in the order in which they are given.

    When one fails, those under way are awaited, so that what they make is kept, none is begun, and
    the first error is raised. `abandon` is called at Ctrl-C to make the running ones end.
    """
    waiting = dict(jobs)
    running: dict[Future[None], str] = {}
    done: set[str] = set()
    failed: BaseException | None = None
    with ThreadPoolExecutor(at_once) as pool:
        try:
            while waiting or running:
                if failed is None:
                    _begin(pool, waiting, running, done, at_once)
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    done.add(running.pop(future))
                    failed = failed or future.exception()
        except BaseException:
            abandon()
            raise
    if failed is not None:
        raise failed


def _begin(
    pool: ThreadPoolExecutor,
    waiting: dict[str, Job],
    running: dict[Future[None], str],
    done: set[str],
    at_once: int,
) -> None:
    ready = [job for job in waiting.values() if set(job.needs) <= done]
    if not ready and not running:
        raise ValueError(f"jobs that wait for each other for ever: {', '.join(waiting)}")
    for job in ready[: at_once - len(running)]:
        del waiting[job.name]
        running[pool.submit(job.work)] = job.name

"""A bake on a farm gives the bytes of a bake on one host, also when a worker is killed on the way,
and Ctrl-C leaves nothing of it."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from bench.lan import Host, Lan
from bench.memory import descendants
from golden import lock, manifest, paths, run
from golden.bake import bake
from golden.definition import load
from golden.layers import Layer, enter
from golden.recipe import resolve
from golden.render import render
from tests.waiting import until

SITE = "rehearsal"
INV = (sys.executable, "-P", "-m", "invoke", "--search-root", str(paths.ROOT))
DASK = (sys.executable, "-m", "dask")
PACKER = "packer\0build\0"
MOST_SECONDS = 2400


@pytest.fixture(scope="module")
def shared() -> list[str]:
    """The keys of the layers that all kinds share; they are here then, and all packages in the
    pool."""
    return [layer.key for layer in _layers()[0]]


@functools.cache
def _layers() -> tuple[list[Layer], list[Layer]]:
    """Those that all kinds share, and each kind's own but the topmost."""
    site = load(SITE)
    bake(site, fmt="tree")
    run.run([*INV, "pool.fill", "--site", SITE], cwd=paths.ROOT)
    _, resolver = lock.resolver(site.release, offline=True)
    found = resolve(site, render(site), resolver, site.kinds)
    own = [recipe.layer for recipes in found.kinds.values() for recipe in recipes[:-1]]
    return [recipe.layer for recipe in found.shared], own


@pytest.fixture(scope="module")
def plain(shared: list[str]) -> Iterator[dict[str, str]]:
    """{kind: SHA-256 of its disk} as this host alone makes it, of layers that are here but for the
    topmost: that one has the commit, which is no input."""
    folder = paths.CACHE / "farm-plain"
    _remove(folder)
    env = home(folder, "plain", [*shared, *(layer.key for layer in _layers()[1])])
    words = [*INV, "bake", "--site", SITE, "--offline"]
    run.run(words, cwd=paths.ROOT, env=env)
    yield disks(folder, "plain")
    _remove(folder)


@pytest.fixture
def place() -> Iterator[Path]:
    """On the file system of the pool, of which homes get links."""
    folder = paths.CACHE / "farm-test"
    _remove(folder)
    folder.mkdir()
    yield folder
    _remove(folder)


def _remove(folder: Path) -> None:
    if folder.exists():
        enter.remove([folder])


def home(place: Path, name: str, keys: Iterable[str] = ()) -> dict[str, str]:
    """The environment of a host that has baked nothing yet but the layers with these `keys`."""
    cache = place / name / ".cache"
    (cache / "layers").mkdir(parents=True)
    for part in ("pool", *(f"layers/{key}" for key in keys)):
        run.run(["cp", "-al", str(paths.CACHE / part), str(cache / part)])
    return {"GOLDEN_HOME": str(place / name), "DASK_CONFIG": str(place / "farm.yaml")}


def disks(place: Path, name: str) -> dict[str, str]:
    """{kind: SHA-256 of its disk} there."""
    found = (place / name / ".artifacts" / SITE).glob("*/disk.qcow2")
    return {path.parent.name: manifest.sha256(path) for path in found}


def started(place: Path, name: str, *words: str | Path, env: dict[str, str]) -> run.Process:
    return run.start(words, cwd=paths.ROOT, env=env, log=place / f"{name}.log")


def said(place: Path, name: str) -> str:
    return (place / f"{name}.log").read_text()


def making(root: int) -> int:
    """A worker below the process `root` that runs a layer's scripts; 0 while none does."""
    workers = [pid for pid in descendants(root) if "multiprocessing.spawn" in _command(pid)]
    # Not one that asks dpkg for the version of packer.
    busy = (pid for pid in workers if any(PACKER in _command(p) for p in descendants(pid)))
    return next(busy, 0)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.mark.slow
def test_workers_of_this_host_make_the_same_disks_though_one_is_killed(
    place: Path, plain: dict[str, str], shared: list[str]
) -> None:
    env = home(place, "one", shared)
    words = [*INV, "bake", "--site", SITE, "--offline", "--farm", "local:2"]
    child = started(place, "bake", *words, env=env)
    try:
        killed = until(lambda: making(child.pid), 300, lambda: said(place, "bake"))
        os.kill(killed, signal.SIGKILL)
        assert child.wait(MOST_SECONDS) == 0, said(place, "bake")
    finally:
        run.end(child)
    assert disks(place, "one") == plain
    assert "was lost or failed, and begins again on worker 127.0.0.1:" in said(place, "bake")
    plan = run.run([*INV, "plan", "--site", SITE, "--offline"], cwd=paths.ROOT, env=env)
    assert plan.out.endswith(f"site {SITE}: nothing to do\n")
    assert list((place / "one/.cache/work").iterdir()) == []


@pytest.mark.nightly
def test_ctrl_c_ends_all(place: Path, shared: list[str]) -> None:
    words = [*INV, "bake", "--site", SITE, "--offline", "--farm", "local:2"]
    child = started(place, "bake", *words, env=home(place, "one", shared[:-1]))
    try:
        until(lambda: making(child.pid), 300, lambda: said(place, "bake"))
        below = {pid: _command(pid) for pid in descendants(child.pid)}
        # As a terminal sends it: to the workers, too.
        os.killpg(child.pid, signal.SIGINT)
        assert child.wait(60) != 0
        until(
            lambda: not [pid for pid, words in below.items() if words and words == _command(pid)],
            30,
            lambda: said(place, "bake"),
        )
    finally:
        run.end(child)
    assert list((place / "one/.cache/work").iterdir()) == []


def farm(place: Path, hosts: list[Host], env: dict[str, str]) -> list[run.Process]:
    """A scheduler on the first host, a worker on each of the others."""
    run.run([*INV, "farm.keys", "--out", place / "farm.yaml"], cwd=paths.ROOT, env=env)
    scheduler, *others = hosts
    words = ["scheduler", "--host", scheduler.address, "--port", "8786", "--no-dashboard"]
    children = [started(place, "scheduler", *scheduler.words(*DASK, *words), env=env)]
    for host in others:
        scratch = place / f"{host.address}.dask"
        words = ["worker", f"tls://{scheduler.address}:8786", "--host", host.address]
        words += ["--nthreads", "1", "--no-dashboard", "--local-directory", str(scratch)]
        own = home(place, host.address)
        children.append(started(place, host.address, *host.words(*DASK, *words), env=own))
    return children


@pytest.mark.nightly
def test_hosts_that_share_nothing_make_the_same_disks_though_one_dies(
    place: Path, plain: dict[str, str], shared: list[str]
) -> None:
    # The host that asks has the layers that all kinds share; the others have nothing.
    with Lan("10gbit") as lan:
        own, *hosts = (lan.join(f"198.51.100.{number}") for number in range(1, 5))
        env = home(place, "own", shared)
        children = farm(place, hosts, env)
        words = own.words(*INV, "bake", "--site", SITE, "--offline")
        words += ["--farm", f"tcp://{hosts[0].address}:8786"]
        child = started(place, "bake", *words, env=env)
        try:
            dead = until(
                lambda: next((each for each in children[1:] if making(each.pid)), None),
                300,
                lambda: said(place, "bake"),
            )
            os.killpg(dead.pid, signal.SIGKILL)
            assert child.wait(MOST_SECONDS) == 0, said(place, "bake")
            through_the_scheduler = hosts[0].sent()
        finally:
            for each in (child, *children):
                run.end(each)
    assert disks(place, "own") == plain
    # Two disks of 400 MB and layers of 2 GB went by another way.
    assert through_the_scheduler < 100e6

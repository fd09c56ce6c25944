"""A layer made in a virtual machine is the layer that a tree on this host gives, byte by byte, and
a killed bake leaves no machine behind."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from golden import lock, paths, run
from golden.bake import bake
from golden.definition import load
from golden.layers import Store, Stored
from golden.layers.content import LIST, SUMS
from golden.recipe import resolve
from golden.render import render
from tests.waiting import until

pytestmark = pytest.mark.nightly
SITE, NODE = "rehearsal", "node2"


def bake_with(builder: str) -> Stored:
    """Make the topmost layer of a node, on what is in the cache, by `builder`."""
    site = load(SITE)
    _, resolver = lock.resolver(site.release, offline=False)
    layer = resolve(site, render(site), resolver, site.kinds).kinds[NODE][-1].layer
    store = Store(paths.CACHE)
    if old := store.get(layer):
        store.discard(old)
    bake(replace(site, release=replace(site.release, builder=builder)), [NODE], fmt="tree")
    stored = store.get(layer)
    assert stored is not None
    return stored


def contents(stored: Stored) -> set[str]:
    """Type, mode, owner, time and hash of every path, and what the image's inventory says."""
    listed = (stored.tree / LIST).read_text()
    return {*(stored.folder / SUMS).read_text().splitlines(), *listed.splitlines()}


def test_a_machine_gives_the_bytes_of_a_tree() -> None:
    tree = bake_with("tree")
    ours = contents(tree)
    machine = bake_with("machine")
    assert sorted(ours ^ contents(machine)) == []
    assert machine.record["content"] == tree.record["content"]
    assert machine.record["scripts"].keys() == tree.record["scripts"].keys()


PROGRAM = """\
from golden import run
from tests.integration.bake.test_machine import bake_with
run.end_with_children()
bake_with("machine")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_killed_bake_leaves_no_machine(number: signal.Signals, tmp_path: Path) -> None:
    bake(load(SITE), [NODE], fmt="tree")
    child = run.start([sys.executable, "-c", PROGRAM], cwd=paths.ROOT, log=tmp_path / "log")
    try:
        until(lambda: {"qemu-system-x86_64", "packer"} <= running().keys(), 180, running)
        os.kill(child.pid, number)
        until(lambda: not running(), 15, running)
        assert child.wait(15) != 0
    finally:
        run.end(child)


def running() -> dict[str, int]:
    """{program: its pid} of what works in the folders of a bake of this checkout."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            place, words = (process / "cwd").readlink(), (process / "cmdline").read_bytes()
        except OSError:  # it has ended, or is another user's
            continue
        if place.is_relative_to(paths.CACHE / "work"):
            found[Path(os.fsdecode(words.split(b"\0")[0])).name] = int(process.name)
    return found

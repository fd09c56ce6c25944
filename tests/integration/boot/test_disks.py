"""The two disks that a bake gives come up as machines of QEMU: boot loader, kernel, init, first
boot, a LAN between them, and ssh. To become a cluster takes emulated machines up to half an hour
(.ci/nightly); containers of the same layers show it in minutes (.ci/run)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden import definition, paths, run
from golden.boot.events import events
from golden.rundir import NodeDir
from tests.waiting import until

pytestmark = pytest.mark.slow
INV = paths.ROOT / "inv"
SITE = "rehearsal"
# Emulated, on a slow host, first boot has its sshd after two minutes.
SECONDS = 900


@pytest.fixture
def booting(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`inv boot`, which follows first boot until it is ended."""
    nodes = [node.name for node in definition.load(SITE).nodes]
    running = [name for name in nodes if NodeDir(SITE, name).state()]
    assert not running, f"{running} of {SITE} run already: ./inv down --site {SITE} ends them"
    run.run([INV, "bake", "--site", SITE])
    with (tmp_path / "boot.log").open("wb") as log:
        argv = [INV, "boot", "--site", SITE, "--target", "qemu"]
        boot = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield boot
        finally:
            boot.terminate()
            boot.wait()
            run.run([INV, "down", "--site", SITE])


def steps(node: str) -> set[str]:
    """The steps that the node's first boot has done, as its console says."""
    console = NodeDir(SITE, node).console
    text = console.read_text(errors="replace") if console.is_file() else ""
    return {event.step for event in events(text) if event.state == "done"}


def test_both_come_up_and_reach_each_other(booting: subprocess.Popen[bytes]) -> None:
    site = definition.load(SITE)

    def up() -> bool:
        assert booting.poll() is None, "inv boot ended: its words are in boot.log of this test"
        return all("ssh" in steps(node.name) for node in site.nodes)

    until(up, SECONDS, lambda: {node.name: steps(node.name) for node in site.nodes}, pause=2)
    for node, other in zip(site.nodes, reversed(site.nodes), strict=True):
        commands = f"uname -n; findmnt -no SOURCE /; ping -qc 1 -W 20 {other.address} >/dev/null"
        said = run.run([INV, "ssh", node.name, "--site", SITE, "--command", commands]).out
        assert said.split() == [f"{node.name}.{site.domain}", "/dev/vda1"], said

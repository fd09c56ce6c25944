"""Disks that boot through their own GRUB, and machines that find each other: nothing is mocked.

Each of the sites used here has its own folder, LAN and ports, so a site that runs on this host is
not disturbed.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from golden import paths, rundir
from golden.boot import accelerator, running, sockets, times, watching
from golden.boot.qemu import target as qemu
from golden.boot.qemu.target import Qemu
from golden.definition.models import Site
from golden.errors import StageError
from golden.keys import secrets
from golden.rundir import NodeDir
from tests.integration.boot import tiny_guest
from tests.unit import baked_disk
from tests.unit.small_site import small_site
from tests.waiting import until

pytestmark = pytest.mark.slow


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def site(
    images: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[str], Site]]:
    """Gives a site whose nodes boot one of `images`; its machines end with the test."""
    monkeypatch.setattr(rundir, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(accelerator, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(watching, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(paths, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(paths, "SECRETS", tmp_path / "signing")
    monkeypatch.setattr(secrets, "SECRETS", tmp_path / "secrets")
    small = tiny_guest.lean(small_site())

    def use(image: str) -> Site:
        for kind in small.kinds:
            folder = tmp_path / "artifacts" / small.name / kind.name
            folder.mkdir(parents=True)
            (folder / "disk.qcow2").symlink_to(images[image])
            baked_disk.record(small.name, kind.name)
        return small

    yield use
    for node in small.nodes:
        Qemu().down(small.name, node.name, keep=False)


def said(site: Site, node: str) -> str:
    return NodeDir(site.name, node).console.read_text(errors="replace")


def wait_for(text: str, site: Site, node: str) -> None:
    until(
        lambda: text in said(site, node),
        300,
        lambda: f"no {text!r} in:\n{said(site, node)[-3000:]}",
    )


def test_a_disk_boots_and_stays_as_it_was_baked(
    site: Callable[[str], Site], images: dict[str, Path]
) -> None:
    small, before = site("alone"), digest(images["alone"])
    node = small.nodes[0]
    assert running.power_on(small, [node], Qemu()) == ["n1"]
    assert running.power_on(small, [node], Qemu()) == []
    took = watching.follow(small.name, ["n1"], Qemu())
    assert 0 < took["n1"] < 120
    text = said(small, "n1")
    assert "root=LABEL=golden-root" in text
    assert "tiny: seed n1" in text
    assert f"tiny: vdb has {25600 * 2048} sectors" in text
    # It wrote to its root file system, and that went to the overlay.
    assert "tiny: boots=x" in text
    Qemu().down(small.name, "n1", keep=False)
    assert digest(images["alone"]) == before


def test_the_power_button_is_pressed_and_the_kept_disk_remembers(
    site: Callable[[str], Site],
) -> None:
    small = site("alone")
    for boots in ("x", "xx"):
        running.power_on(small, small.nodes[:1], Qemu())
        watching.follow(small.name, ["n1"], Qemu())
        assert f"tiny: boots={boots}\n" in said(small, "n1")
        assert Qemu().down(small.name, "n1", keep=True)
        assert "reboot: Power down" in said(small, "n1")


def test_two_nodes_find_each_other_on_their_lan(site: Callable[[str], Site]) -> None:
    small = site("pair")
    running.power_on(small, small.nodes, Qemu())
    took = watching.follow(small.name, ["n1", "n2"], Qemu())
    assert set(took) == {"n1", "n2"}
    names = [step.name for step in times.steps(small.name, "n1")]
    assert names == ["firmware", "boot loader", "kernel", "init", "network", "lan"]


def test_the_console_can_be_typed_at(site: Callable[[str], Site]) -> None:
    small = site("alone")
    running.power_on(small, small.nodes[:1], Qemu())
    watching.follow(small.name, ["n1"], Qemu())
    with sockets.connected(NodeDir(small.name, "n1").console_socket) as link:
        link.sendall(b"hello there\n")
        wait_for("tiny: typed <hello there>", small, "n1")


def test_a_machine_killed_from_outside_is_told_and_can_boot_again(
    site: Callable[[str], Site],
) -> None:
    small = site("pair")
    running.power_on(small, small.nodes[:1], Qemu())
    wait_for('"step":"lan"', small, "n1")
    state = NodeDir(small.name, "n1").running()
    assert state is not None
    sockets.command(NodeDir(small.name, "n1").qmp, "quit")
    with pytest.raises(StageError, match="n1: machine: its process ended"):
        watching.follow(small.name, ["n1"], Qemu())
    assert running.power_on(small, small.nodes[:1], Qemu()) == ["n1"]


def test_a_power_cut_leaves_a_disk_that_boots_again(site: Callable[[str], Site]) -> None:
    small = site("pair")
    running.power_on(small, small.nodes[:1], Qemu())
    wait_for('"step":"lan"', small, "n1")
    state = NodeDir(small.name, "n1").running()
    assert state is not None
    os.kill(state.pid, signal.SIGKILL)
    while NodeDir(small.name, "n1").running():
        time.sleep(0.1)
    running.power_on(small, small.nodes, Qemu())
    assert set(watching.follow(small.name, ["n1", "n2"], Qemu())) == {"n1", "n2"}
    # What was written before the cut is there: it is the same disk.
    assert "tiny: boots=xx\n" in said(small, "n1")
    assert "tiny: boots=x\n" in said(small, "n2")


def test_a_qemu_option_that_is_wrong(
    site: Callable[[str], Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = qemu.argv
    wrong = ["-device", "no-such-device"]
    monkeypatch.setattr(qemu, "argv", lambda *words: [*real(*words), *wrong])
    small = site("alone")
    with pytest.raises(StageError, match="ended as soon as it was started") as caught:
        running.power_on(small, small.nodes[:1], Qemu())
    assert "'no-such-device' is not a valid device model name" in caught.value.tail[-1]
    assert Qemu().machine_state(small.name, "n1") == "off"


def test_an_accelerator_that_is_chosen_runs_a_guest_to_its_end() -> None:
    found = accelerator.choose()
    seconds, words = accelerator.run_guest(found.options, 30)
    assert (seconds is not None, words) == (True, "")

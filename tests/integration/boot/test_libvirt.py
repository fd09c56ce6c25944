"""Machines of a real libvirt daemon, which is this test's own; their guest is the tiny one."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from golden import boot, disk, paths, run, secrets
from golden.boot import accelerator, qemu, rundir, sockets, watching
from golden.boot.libvirt import Libvirt, own
from golden.boot.libvirt.virsh import Virsh
from golden.boot.rundir import NodeDir
from golden.definition.models import Kind, Site
from golden.errors import StageError, UserError
from tests.integration.boot import tiny_guest
from tests.unit.small_site import small_site

pytestmark = pytest.mark.slow

DAEMON = paths.ROOT / "scripts" / "host" / "libvirtd"
SIZE_MIB = 128
QCOW2 = {"compat": "1.1", "compression": "zstd"}
FOREIGN = """
<domain type="qemu"><name>{name}</name><memory unit="MiB">64</memory>
<os><type arch="x86_64" machine="pc">hvm</type></os></domain>
"""


@pytest.fixture(scope="module")
def virsh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virsh]:
    """A daemon that holds a machine, a network and a volume of somebody else."""
    if os.geteuid() != 0 or run.which("libvirtd") is None:
        pytest.skip("NOT RUN: a libvirtd of one's own needs root and libvirt-daemon-system")
    folder = tmp_path_factory.mktemp("libvirtd")
    run.run([DAEMON, "start", folder])
    there = Virsh(run.run([DAEMON, "uri", folder]).out.strip())
    try:
        there.say("define", "/dev/stdin", stdin=FOREIGN.format(name="theirs").encode())
        network = b"<network><name>theirs</name><bridge/></network>"
        there.say("net-define", "/dev/stdin", stdin=network)
        there.say("vol-create-as", "default", "theirs", "1M")
        yield there
    finally:
        run.run([DAEMON, "stop", folder])


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A disk whose guest is ready alone, and one that waits until the other node answers."""
    made = {}
    for name in ("alone", "pair"):
        folder = tmp_path_factory.mktemp(name)
        out = folder / "disk.qcow2"
        tree = tiny_guest.make(folder, alone=name == "alone")
        disk.build(tree, out, size_mib=SIZE_MIB, identity=name, qcow2=QCOW2)
        made[name] = out
    return made


@pytest.fixture
def site(
    virsh: Virsh, images: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[str], Site]]:
    """Gives a site whose nodes boot one of `images`; its machines end with the test."""
    for module in (rundir, accelerator, watching, paths):
        monkeypatch.setattr(module, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(qemu, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(secrets, "SECRETS", tmp_path / "secrets")
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", virsh.uri)
    small = _lean(small_site())

    def use(image: str) -> Site:
        for kind in small.kinds:
            folder = tmp_path / "artifacts" / small.name / kind.name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "disk.qcow2").unlink(missing_ok=True)
            (folder / "disk.qcow2").symlink_to(images[image])
        return small

    yield use
    for node in small.nodes:
        Libvirt().down(small.name, node.name, keep=False)
    assert seen(virsh) == ({"theirs"}, {"theirs"}, {"theirs"})


def _lean(site: Site) -> Site:
    """The site with nodes of 128 MiB of memory."""

    def lean(kind: Kind) -> Kind:
        return dataclasses.replace(kind, memory_mib=128)

    nodes = tuple(dataclasses.replace(node, kind=lean(node.kind)) for node in site.nodes)
    return dataclasses.replace(site, nodes=nodes, kinds=tuple(map(lean, site.kinds)))


def seen(virsh: Virsh) -> tuple[set[str], set[str], set[str]]:
    """The names of all machines, networks and volumes that the daemon knows."""
    return set(virsh.domains()), set(virsh.networks()), set(virsh.volumes("default"))


def said(site: Site, node: str) -> str:
    return NodeDir(site.name, node).console.read_text(errors="replace")


def wait_for(true: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def test_two_nodes_find_each_other_and_all_of_it_goes_again(
    site: Callable[[str], Site], virsh: Virsh, images: dict[str, Path]
) -> None:
    small, before = site("pair"), hashlib.sha256(images["pair"].read_bytes()).digest()
    assert boot.power_on(small, small.nodes, Libvirt()) == ["n1", "n2"]
    assert boot.power_on(small, small.nodes, Libvirt()) == []
    took = watching.follow(small.name, ["n1", "n2"], Libvirt())
    assert set(took) == {"n1", "n2"}
    # From the very first phase on: the machine waits until its console is listened to.
    names = [step.name for step in boot.timeline(small.name, "n1")]
    assert names == ["firmware", "boot loader", "kernel", "init", "network", "lan"]
    assert f"tiny: vdb has {25600 * 2048} sectors" in said(small, "n1")
    assert "tiny: seed n1" in said(small, "n1")
    machines, networks, volumes = seen(virsh)
    assert machines == {"theirs", own.named("small", "n1"), own.named("small", "n2")}
    assert networks == {"theirs", own.named("small")}
    assert len(volumes - {"theirs"}) == 2 * 3 + len(small.kinds)
    assert Libvirt().down(small.name, "n1", keep=False)
    assert Libvirt().machine_state(small.name, "n2") == "running"
    assert Libvirt().down(small.name, "n2", keep=False)
    assert not Libvirt().down(small.name, "n2", keep=False)
    assert seen(virsh) == ({"theirs"}, {"theirs"}, {"theirs"})
    assert hashlib.sha256(images["pair"].read_bytes()).digest() == before


def test_the_power_button_is_pressed_and_the_kept_disk_remembers(
    site: Callable[[str], Site],
) -> None:
    small = site("alone")
    for boots in ("x", "xx"):
        boot.power_on(small, small.nodes[:1], Libvirt())
        watching.follow(small.name, ["n1"], Libvirt())
        assert f"tiny: boots={boots}\n" in said(small, "n1")
        assert Libvirt().down(small.name, "n1", keep=True)
        assert "reboot: Power down" in said(small, "n1")
    site("pair")
    with pytest.raises(UserError, match="kept from an older bake"):
        boot.power_on(small, small.nodes[:1], Libvirt())


def test_the_console_can_be_typed_at_also_after_its_server_died(
    site: Callable[[str], Site],
) -> None:
    small = site("alone")
    files = NodeDir(small.name, "n1")
    boot.power_on(small, small.nodes[:1], Libvirt())
    watching.follow(small.name, ["n1"], Libvirt())
    first = files.running()
    assert first is not None
    os.kill(first.pid, 9)
    wait_for(lambda: files.running() is None, "the server still runs")
    assert Libvirt().machine_state(small.name, "n1") == "running"
    assert boot.power_on(small, small.nodes[:1], Libvirt()) == []
    second = files.running()
    assert second is not None
    assert (second.port, second.power_on) == (first.port, first.power_on)
    with sockets.connected(files.console_socket) as link:
        link.sendall(b"hello there\n")
        wait_for(lambda: "tiny: typed <hello there>" in said(small, "n1"), said(small, "n1"))


def test_a_machine_ended_from_outside_is_told_and_can_boot_again(
    site: Callable[[str], Site], virsh: Virsh
) -> None:
    small = site("pair")
    boot.power_on(small, small.nodes[:1], Libvirt())
    wait_for(lambda: '"step":"lan"' in said(small, "n1"), "it does not boot")
    virsh.say("destroy", own.named(small.name, "n1"))
    with pytest.raises(StageError, match="n1: machine: its process ended"):
        watching.follow(small.name, ["n1"], Libvirt())
    wait_for(lambda: NodeDir(small.name, "n1").running() is None, "the console's server stays")
    assert boot.power_on(small, small.nodes[:1], Libvirt()) == ["n1"]


def test_a_machine_of_the_same_name_is_left_alone(
    site: Callable[[str], Site], virsh: Virsh
) -> None:
    small = site("alone")
    name = own.named(small.name, "n1")
    virsh.say("define", "/dev/stdin", stdin=FOREIGN.format(name=name).encode())
    try:
        for act in (
            lambda: boot.power_on(small, small.nodes[:1], Libvirt()),
            lambda: Libvirt().down(small.name, "n1", keep=False),
        ):
            with pytest.raises(UserError, match="was not defined by this clone"):
                act()
        assert name in virsh.domains()
    finally:
        virsh.say("undefine", name)


def test_an_upload_that_breaks_leaves_no_volume(
    site: Callable[[str], Site], virsh: Virsh, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = site("alone")
    monkeypatch.setattr(Virsh, "argv", _reading_past_the_end(Virsh.argv))
    with pytest.raises(StageError, match="the upload failed"):
        boot.power_on(small, small.nodes[:1], Libvirt())
    assert seen(virsh)[2] == {"theirs"}


def _reading_past_the_end(
    real: Callable[..., list[str]],
) -> Callable[..., list[str]]:
    def argv(self: Virsh, *words: str) -> list[str]:
        return [*real(self, *words), *(["--no-such-option"] if "vol-upload" in words else [])]

    return argv

"""Machines of a real libvirt daemon, which is this test's own; their guest is the tiny one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from golden import definition, run, rundir
from golden.boot import former, running, sockets, state_disk, times, watching
from golden.boot.accelerator import EMULATED_CPU
from golden.boot.libvirt import disks, ownership
from golden.boot.libvirt.target import Libvirt
from golden.boot.libvirt.virsh import Virsh
from golden.definition.models import Site
from golden.errors import StageError, UserError
from golden.render import machines
from golden.rundir import NodeDir
from tests.integration.boot import libvirt_daemon
from tests.integration.boot.libvirt_daemon import THEIRS, Use, seen
from tests.waiting import until

pytestmark = pytest.mark.nightly


def said(site: Site, node: str) -> str:
    return NodeDir(site.name, node).console.read_text(errors="replace")


def digest(volume: Path) -> str:
    """The SHA-256 of the content of a qcow2 file, by its mapped parts."""
    mapped = run.run(["qemu-img", "map", "--output", "json", str(volume)]).out
    return hashlib.sha256(mapped.encode() + volume.read_bytes()).hexdigest()


def test_two_nodes_find_each_other_and_all_of_it_goes_again(
    libvirt_site: Use, virsh: Virsh, images: dict[str, Path]
) -> None:
    small, before = libvirt_site("pair"), hashlib.sha256(images["pair"].read_bytes()).digest()
    assert running.power_on(small, small.nodes, Libvirt()) == ["n1", "n2"]
    assert running.power_on(small, small.nodes, Libvirt()) == []
    took = watching.follow(small.name, ["n1", "n2"], Libvirt())
    assert set(took) == {"n1", "n2"}
    # From the very first phase on: the machine waits until its console is listened to.
    names = [step.name for step in times.steps(small.name, "n1")]
    assert names == ["firmware", "boot loader", "kernel", "init", "network", "lan"]
    assert f"tiny: vdb has {25600 * 2048} sectors" in said(small, "n1")
    assert "tiny: seed n1" in said(small, "n1")
    machines, networks, volumes = seen(virsh)
    assert machines == {"theirs", ownership.named("small", "n1"), ownership.named("small", "n2")}
    assert networks == {"theirs", ownership.named("small")}
    assert len(volumes - {"theirs"}) == 2 * 3 + len(small.kinds)
    assert Libvirt().down(small.name, "n1", keep=False)
    assert Libvirt().machine_state(small.name, "n2") == "running"
    assert Libvirt().down(small.name, "n2", keep=False)
    assert not Libvirt().down(small.name, "n2", keep=False)
    assert seen(virsh) == THEIRS
    assert hashlib.sha256(images["pair"].read_bytes()).digest() == before


def test_the_power_button_is_pressed_and_the_kept_disk_remembers(
    libvirt_site: Use,
) -> None:
    small = libvirt_site("alone")
    for boots in ("x", "xx"):
        running.power_on(small, small.nodes[:1], Libvirt())
        watching.follow(small.name, ["n1"], Libvirt())
        assert f"tiny: boots={boots}\n" in said(small, "n1")
        assert Libvirt().down(small.name, "n1", keep=True)
        assert "reboot: Power down" in said(small, "n1")
    libvirt_site("pair")
    with pytest.raises(UserError, match="kept from an older bake"):
        running.power_on(small, small.nodes[:1], Libvirt())


def test_an_uploaded_image_that_was_changed_is_refused(libvirt_site: Use, virsh: Virsh) -> None:
    small = libvirt_site("alone")
    node = small.nodes[0]
    NodeDir(small.name, node.name).begin()
    try:
        disks.make(virsh, small, node)
        disks.verify(virsh, small, node)
        base = Path(virsh.volumes(small.libvirt.pool)[disks.base(small, node)])
        with base.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            last = file.read(1)[0]
            file.seek(-1, os.SEEK_END)
            file.write(bytes([last ^ 1]))
        with pytest.raises(UserError, match=r"volume .*\.base .*: not the bytes of .*disk\.qcow2"):
            disks.verify(virsh, small, node)
    finally:
        disks.remove(virsh, small.name, node.name)


def test_the_pool_keeps_the_state_for_the_next_system(libvirt_site: Use, virsh: Virsh) -> None:
    small = libvirt_site("alone")
    node, files = small.nodes[0], NodeDir(small.name, small.nodes[0].name)

    def inodes() -> list[int]:
        paths = virsh.volumes(small.libvirt.pool)
        return [
            Path(paths[name]).stat().st_ino
            for name in disks.names(small.name, node.name)
            if name.endswith((disks.DATA, disks.STATE))
        ]

    files.begin()
    files.claim(Libvirt.name, virsh.uri)
    disks.make(virsh, small, node)
    assert not Libvirt().has_state_apart(small.name, node.name)
    disks.make_state(virsh, small, node)
    host = machines.Machine(
        ownership.named(small.name),
        ownership.checkout(),
        ownership.identity(small.name, node.name),
        port=20022,
        accelerator="tcg",
        cpu=EMULATED_CPU,
        state=state_disk.SERIAL,
    )
    virsh.say("define", "--validate", "/dev/stdin", stdin=machines.domain(small, node, host))
    defined = virsh.domain(ownership.named(small.name, node.name)).findall("devices/disk")
    assert [disk.findtext("serial") for disk in defined] == [None, None, None, "golden-state"]
    before = inodes()
    running.down(small, [node.name], keep_state=True)
    assert len(seen(virsh)[2] - {"theirs"}) == 2 and inodes() == before
    libvirt_site("pair")
    files.begin()
    Libvirt().check(small, (node,))
    disks.make(virsh, small, node)
    disks.make_state(virsh, small, node)
    assert inodes() == before
    running.down(small, [node.name])
    assert seen(virsh) == THEIRS


def test_a_saved_state_fills_a_pool_again(
    libvirt_site: Use, virsh: Virsh, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small = libvirt_site("alone")
    node, files = small.nodes[0], NodeDir(small.name, small.nodes[0].name)
    monkeypatch.setattr(definition, "load", lambda _: small)
    files.begin()
    files.claim(Libvirt.name, virsh.uri)
    disks.make(virsh, small, node)
    disks.make_state(virsh, small, node)
    place, name = Libvirt(), ownership.named(small.name, node.name + disks.STATE)
    written = Path(virsh.volumes(small.libvirt.pool)[name])
    write = ["qemu-io", "-c", "write -P 7 20G 1M", str(written)]
    run.run(write)
    before = digest(written)
    assert 1 << 20 <= place.state_bytes(small.name, node.name) < 4 << 20
    place.save_state(small.name, node.name, tmp_path / "saved")
    running.down(small, [node.name])
    assert seen(virsh) == THEIRS
    place.restore_state(small.name, node.name, tmp_path / "saved")
    assert digest(written) == before
    run.run(["qemu-img", "check", "-q", str(written)])
    assert place.has_state_apart(small.name, node.name)
    running.down(small, [node.name])


def test_the_former_machine_comes_back_with_what_it_wrote(
    libvirt_site: Use, virsh: Virsh, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, place = libvirt_site("alone"), Libvirt(state=True)
    monkeypatch.setattr(definition, "load", lambda _: small)

    def boot(boots: str) -> None:
        running.power_on(small, small.nodes[:1], place)
        watching.follow(small.name, ["n1"], place)
        assert f"tiny: boots={boots}\n" in said(small, "n1")

    boot("x")
    place.down(small.name, "n1", keep=True)
    place.set_aside(small.name, "n1")
    # Its system waits for a node that is not there.
    libvirt_site("pair")
    running.power_on(small, small.nodes[:1], place)
    until(lambda: "tiny: boots=x\n" in said(small, "n1"), 300)
    place.cut(small.name, "n1")
    place.take_back(small.name, "n1")
    libvirt_site("alone")
    boot("xx")
    assert len([name for name in seen(virsh)[2] if name.endswith(disks.BASE)]) == 2
    place.forget_aside(small.name, "n1")
    former.forget(small.name)
    assert [name for name in seen(virsh)[2] if name.endswith(disks.BASE)] == [
        disks.base(small, small.nodes[0])
    ]


def test_the_console_can_be_typed_at_also_after_its_server_died(
    libvirt_site: Use,
) -> None:
    small = libvirt_site("alone")
    files = NodeDir(small.name, "n1")
    running.power_on(small, small.nodes[:1], Libvirt())
    watching.follow(small.name, ["n1"], Libvirt())
    first = files.running()
    assert first is not None
    os.kill(first.pid, 9)
    until(lambda: files.running() is None, 300)
    assert Libvirt().machine_state(small.name, "n1") == "running"
    assert running.power_on(small, small.nodes[:1], Libvirt()) == []
    second = files.running()
    assert second is not None
    assert (second.port, second.power_on) == (first.port, first.power_on)
    with sockets.connected(files.console_socket) as link:
        link.sendall(b"hello there\n")
        until(
            lambda: "tiny: typed <hello there>" in said(small, "n1"), 300, lambda: said(small, "n1")
        )


def test_a_machine_ended_from_outside_is_told_and_can_boot_again(
    libvirt_site: Use, virsh: Virsh
) -> None:
    small = libvirt_site("pair")
    running.power_on(small, small.nodes[:1], Libvirt())
    until(lambda: '"step":"lan"' in said(small, "n1"), 300)
    virsh.say("destroy", ownership.named(small.name, "n1"))
    with pytest.raises(StageError, match="n1: machine: its process ended"):
        watching.follow(small.name, ["n1"], Libvirt())
    until(lambda: NodeDir(small.name, "n1").running() is None, 300)
    assert running.power_on(small, small.nodes[:1], Libvirt()) == ["n1"]


def test_a_machine_of_the_same_name_is_left_alone(libvirt_site: Use, virsh: Virsh) -> None:
    small = libvirt_site("alone")
    name = ownership.named(small.name, "n1")
    virsh.say("define", "/dev/stdin", stdin=libvirt_daemon.FOREIGN.format(name=name).encode())
    try:
        for act in (
            lambda: running.power_on(small, small.nodes[:1], Libvirt()),
            lambda: Libvirt().down(small.name, "n1", keep=False),
        ):
            with pytest.raises(UserError, match="was not defined by this clone"):
                act()
        assert name in virsh.domains()
    finally:
        virsh.say("undefine", name)


def test_an_upload_that_breaks_leaves_no_volume(
    libvirt_site: Use, virsh: Virsh, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = libvirt_site("alone")
    monkeypatch.setattr(Virsh, "argv", _reading_past_the_end(Virsh.argv))
    with pytest.raises(StageError, match="the upload failed"):
        running.power_on(small, small.nodes[:1], Libvirt())
    assert seen(virsh)[2] == {"theirs"}


def _reading_past_the_end(
    real: Callable[..., list[str]],
) -> Callable[..., list[str]]:
    def argv(self: Virsh, *words: str) -> list[str]:
        return [*real(self, *words), *(["--no-such-option"] if "vol-upload" in words else [])]

    return argv


def test_another_machine_needs_no_more_than_ssh(
    libvirt_site: Use, virsh: Virsh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing but the address given leads there.
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "qemu+unix:///system?socket=/nowhere")
    small = libvirt_site("pair")
    (tmp_path / "ssh").mkdir()
    with libvirt_daemon.by_ssh(virsh, tmp_path / "ssh") as there:
        try:
            running.power_on(small, small.nodes, Libvirt(there))
            # sshd answers through the other machine alone: a node is ready when it does.
            took = watching.follow(small.name, ["n1", "n2"], Libvirt())
            assert set(took) == {"n1", "n2"}
            entry = rundir.ssh_config(small.name).read_text()
            assert f"ProxyCommand {tmp_path}/ssh/ssh -o BatchMode=yes -p " in entry
        finally:
            for node in small.nodes:
                Libvirt().down(small.name, node.name, keep=False)
        monkeypatch.setenv("LIBVIRT_DEFAULT_URI", virsh.uri)
        assert seen(virsh) == THEIRS

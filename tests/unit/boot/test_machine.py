"""The QEMU command line, word by word where it matters."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from golden import rundir
from golden.boot.accelerator import Accelerator
from golden.boot.libvirt.target import Libvirt
from golden.boot.qemu.machine import Machine, argv
from golden.boot.qemu.target import Qemu
from golden.definition import Site
from golden.definition.files import VolumeGroup
from golden.disk import boot_files, kernel_options
from golden.errors import UserError
from golden.rundir import NodeDir
from tests.unit.small_site import small_site

TCG = Accelerator("tcg", "", 6.0)


def words(accelerator: Accelerator = TCG, kernel: Path | None = None) -> list[str]:
    files = NodeDir("rehearsal", "node1")
    machine = Machine(
        name="rehearsal-node1",
        memory_mib=3072,
        files=files,
        lan="239.1.2.3:20000",
        mac="02:00:00:00:02:01",
        management_mac="06:00:00:00:02:01",
        port=2201,
        kernel=kernel,
    )
    return argv(machine, accelerator)


def option(name: str) -> list[str]:
    every = words()
    return [every[i + 1] for i, word in enumerate(every) if word == name]


def addresses(kind: str) -> dict[str, int]:
    """PCI slots of the devices of `kind`, by what they are connected to."""
    found = {}
    for device in option("-device"):
        parts = device.split(",")
        if parts[0] == kind:
            values = dict(part.split("=", 1) for part in parts[1:])
            found[parts[1].split("=")[1]] = int(values["addr"], 16)
    return found


def test_the_lan_comes_first_so_that_it_is_eth0() -> None:
    nics = addresses("virtio-net-pci")
    assert nics["lan"] < nics["host"]


def test_the_lan_never_leaves_the_loopback_interface() -> None:
    assert "socket,id=lan,mcast=239.1.2.3:20000,localaddr=127.0.0.1" in option("-netdev")


def test_the_second_nic_leads_from_this_host_to_sshd_and_nowhere_else() -> None:
    user = next(words for words in option("-netdev") if words.startswith("user,"))
    assert "restrict=on" in user
    assert "hostfwd=tcp:127.0.0.1:2201-:22" in user


def test_disks_are_overlay_data_and_read_only_seed_in_this_order() -> None:
    drives = option("-drive")
    assert ["overlay.qcow2" in drives[0], "data.qcow2" in drives[1]] == [True, True]
    assert "seed.iso" in drives[2]
    assert "readonly=on" in drives[2]
    slots = addresses("virtio-blk-pci")
    assert slots["disk0"] < slots["disk1"] < slots["disk2"]


def test_a_state_disk_comes_last_and_is_known_by_its_serial_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    assert len(option("-drive")) == 3
    files = NodeDir("rehearsal", "node1")
    files.path.mkdir(parents=True)
    files.kept.touch()
    assert "file=state.qcow2,format=qcow2" in option("-drive")[3]
    (device,) = [words for words in option("-device") if "drive=disk3" in words]
    assert device.endswith(",serial=golden-state")
    assert "detect-zeroes=unmap" in option("-drive")[3], "it is no larger than what is kept"
    slots = addresses("virtio-blk-pci")
    assert max(slots, key=lambda disk: slots[disk]) == "disk3"
    assert len(set(slots.values())) == 4


def test_sockets_have_short_names_however_deep_the_project_lies() -> None:
    for text in (*option("-chardev"), *option("-qmp")):
        assert "/" not in text


def test_the_console_is_a_socket_and_a_log() -> None:
    assert "path=console.sock" in option("-chardev")[0]
    assert "logfile=console.log" in option("-chardev")[0]


@pytest.mark.parametrize(
    ("accelerator", "expected"),
    [(TCG, ["tcg,thread=multi,tb-size=256"]), (Accelerator("kvm", "", 1.0), ["kvm"])],
    ids=["tcg", "kvm"],
)
def test_accelerator(accelerator: Accelerator, expected: list[str]) -> None:
    every = words(accelerator)
    assert every[every.index("-accel") + 1 : every.index("-accel") + 2] == expected


@pytest.mark.parametrize(
    ("cpu", "expected"), [("host", "host"), ("SandyBridge", "SandyBridge,vmx=on,svm=on")]
)
def test_kvm_runs_on_the_cpu_that_the_release_names(cpu: str, expected: str) -> None:
    every = words(Accelerator("kvm", "", 1.0, cpu))
    assert every[every.index("-cpu") + 1] == expected


def test_emulation_has_processors_whose_clock_a_kernel_trusts() -> None:
    assert option("-smp") == [str(min(2, os.cpu_count() or 1))]
    model, *features = option("-cpu")[0].split(",")
    assert model == "n270" and {"lm=on", "ssse3=off"} < set(features)


def test_the_machine_is_one_that_old_kernels_know() -> None:
    assert option("-machine")[0].startswith("pc,")


def test_a_kernel_from_outside_gets_what_the_menu_of_a_disk_says_and_the_old_page() -> None:
    every = words(kernel=Path("/some where"))
    assert every[every.index("-kernel") + 1] == "/some where/vmlinuz"
    assert every[every.index("-initrd") + 1] == "/some where/initrd.img"
    said = every[every.index("-append") + 1]
    menu = boot_files()["/boot/grub/grub.cfg"]
    assert all(word in menu for word in kernel_options().split())
    assert said.startswith(kernel_options()) and "vsyscall=emulate" in said.split()
    assert "-kernel" not in words()


def outside() -> Site:
    site = small_site()
    release = dataclasses.replace(site.release, kernel="external")
    return dataclasses.replace(site, release=release)


def test_a_kernel_from_outside_must_be_readable(tmp_path: Path) -> None:
    (tmp_path / "vmlinuz").touch()
    with pytest.raises(UserError, match=r"no kernel .*/initrd\.img cannot be read: .*--kernel"):
        Qemu(str(tmp_path)).check(outside(), ())


def test_an_image_with_a_kernel_takes_no_other(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--kernel .*: the images of small have a kernel"):
        Qemu(str(tmp_path)).check(small_site(), ())


@pytest.mark.parametrize("place", [Qemu(), Libvirt()], ids=["qemu", "libvirt"])
def test_no_machine_waits_for_a_disk_that_only_a_real_one_has(place: Qemu | Libvirt) -> None:
    real = VolumeGroup(name="ganeti", device="/dev/sdb1")
    site = dataclasses.replace(small_site(), volume_group=real)
    with pytest.raises(UserError, match=r"images/sites/small\.yaml: .*/dev/sdb1 .*/dev/vdb"):
        place.check(site, site.nodes)

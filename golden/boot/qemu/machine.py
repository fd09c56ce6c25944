"""The QEMU command line of a node, as a pure function.

The hardware is what kernel 3.2 supports: machine `pc`, legacy virtio, BIOS (docs/wheezy.md W6.1,
W16.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from golden.boot import state_disk
from golden.boot.accelerator import QEMU, Accelerator
from golden.disk import kernel_options
from golden.rundir import NodeDir


@dataclass(frozen=True)
class Machine:
    """One node's machine.

    `lan` is GROUP:PORT of the site's network, `mac` the node's address there; `management_mac` is
    that of the NIC behind which 127.0.0.1:`port` leads to the node's sshd. `kernel` is the folder
    of vmlinuz and initrd.img; None where the image has its own.
    """

    name: str
    memory_mib: int
    files: NodeDir
    lan: str
    mac: str
    management_mac: str
    port: int
    kernel: Path | None = None


def argv(machine: Machine, accelerator: Accelerator) -> list[str]:
    """QEMU's command line. It must run in the node's folder: the sockets' names are relative,
    because the address of a Unix socket holds 107 bytes and a checkout may lie deeper."""
    return [
        *(QEMU, "-name", machine.name, "-machine", "pc,graphics=off,usb=off,dump-guest-core=off"),
        *accelerator.options,
        *("-smp", str(accelerator.processors), "-m", str(machine.memory_mib)),
        *("-nodefaults", "-no-user-config", "-display", "none", "-vga", "none"),
        *("-rtc", "base=utc"),
        *_console(machine),
        *_disks(machine),
        *_kernel(machine.kernel),
        *_networks(machine),
        *("-object", "rng-random,id=rng,filename=/dev/urandom"),
        *("-device", "virtio-rng-pci,rng=rng,addr=0x9"),
    ]


def _console(machine: Machine) -> list[str]:
    files = machine.files
    serial = f"socket,id=console,path={files.console_socket.name},server=on,wait=off"
    return [
        *("-chardev", f"{serial},logfile={files.console.name},logappend=on"),
        *("-serial", "chardev:console"),
        *("-qmp", f"unix:{files.qmp.name},server=on,wait=off"),
    ]


def _disks(machine: Machine) -> list[str]:
    """vda: the overlay of the image, vdb: the data disk, vdc: the seed, vdd: the state, if any."""
    files = machine.files
    # A kernel from outside takes the first place itself (docs/wheezy.md W16.11).
    first = "" if machine.kernel else "bootindex=0"
    # A new file system's journal is 128 MiB of zeros.
    sparse = "discard=unmap,detect-zeroes=unmap"
    disks = [
        (files.overlay.name, "qcow2", sparse, first),
        (files.data.name, "qcow2", sparse, ""),
        (files.seed.name, "raw", "readonly=on", ""),
    ]
    if files.kept.exists():
        serial = f"serial={state_disk.SERIAL}"
        disks.append((files.kept.name, "qcow2", sparse, serial))
    words = []
    for number, (name, form, options, device) in enumerate(disks):
        drive = f"if=none,id=disk{number},file={name},format={form},cache=writeback,{options}"
        place = f"virtio-blk-pci,drive=disk{number},addr={0x5 + number:#x}"
        words += ["-drive", drive, "-device", f"{place},{device}" if device else place]
    return words


def _kernel(folder: Path | None) -> list[str]:
    """What GRUB would find in the image; old programs need the page (docs/wheezy.md W3.1)."""
    if folder is None:
        return []
    options = f"{kernel_options()} vsyscall=emulate no_timer_check"
    files = ["-kernel", str(folder / "vmlinuz"), "-initrd", str(folder / "initrd.img")]
    return [*files, "-append", options]


def _networks(machine: Machine) -> list[str]:
    """eth0: the site's LAN, eth1: ssh from this host only. The kernel numbers them in PCI order.

    localaddr keeps the LAN's multicast on the loopback interface; restrict keeps the node from
    reaching this host, or anything beyond it, through eth1.
    """
    lan = f"socket,id=lan,mcast={machine.lan},localaddr=127.0.0.1"
    host = f"user,id=host,restrict=on,hostfwd=tcp:127.0.0.1:{machine.port}-:22"
    # romfile= : no network boot, which would only cost time.
    return [
        *("-netdev", lan),
        *("-device", f"virtio-net-pci,netdev=lan,mac={machine.mac},addr=0x3,romfile="),
        *("-netdev", host),
        *("-device", f"virtio-net-pci,netdev=host,mac={machine.management_mac},addr=0x4,romfile="),
    ]

"""Machines that rehearse the netboot: blank disks, and a network of this process's own.

The network is a namespace: a bridge with an address in the site's subnet, the machines at its ports
and dnsmasq on it. The host's network sees none of it, and it ends with its last process.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

from golden import daemon, log, run
from golden.boot import data_disk
from golden.boot.accelerator import QEMU, Accelerator, choose
from golden.boot.disks import option
from golden.boot.metal.target import MACHINE, Metal
from golden.definition.fields import mib
from golden.definition.models import Node, Site
from golden.errors import UserError
from golden.host.network import free_address
from golden.rundir import NodeDir

BRIDGE = "lan"
SPARE_MIB = 1024  # more than the image has: the root grows by it
CLONE_NEWNET = 0x40000000  # unshare(2)


class Rehearsed(Metal):
    """The target metal with emulated machines, switched on as soon as they are served."""

    def __init__(self) -> None:
        super().__init__(BRIDGE)
        self._chosen: Accelerator = choose()
        self.accelerator, self.factor = self._chosen.name, self._chosen.factor

    def up(self, site: Site, node: Node) -> bool:
        """Serve the node and power its machine on."""
        fresh = super().up(site, node)
        if fresh:
            switch_on(site, node, self._chosen)
        return fresh

    def machine_state(self, site: str, node: str) -> str:
        """`running`, or `off`."""
        return "running" if daemon.running(machine(site, node)) else "off"


def machine(site: str, node: str) -> Path:
    """The record of the machine's process."""
    return NodeDir(site, node).path / MACHINE


def own_network(site: Site) -> None:
    """Move this process into a network of its own, with the bridge and a port for each node.

    Raises UserError without permission. There is no way back for this process.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise UserError(f"--target metal: a network for the rehearsal needs root ({reason})")
    address = f"{free_address(site)}/{IPv4Network(site.network.subnet).prefixlen}"
    _ip("link", "set", "lo", "up")
    _ip("link", "add", BRIDGE, "type", "bridge")
    _ip("address", "add", address, "dev", BRIDGE)
    _ip("link", "set", BRIDGE, "up")
    for number, _ in enumerate(site.nodes):
        _ip("tuntap", "add", f"port{number}", "mode", "tap")
        _ip("link", "set", f"port{number}", "master", BRIDGE, "up")
    log.info(f"a network of our own: this host is {address} on the bridge {BRIDGE}")


def switch_on(site: Site, node: Node, accelerator: Accelerator) -> None:
    """Start the machine of `node` with blank disks; it boots from the network before the disk."""
    files = NodeDir(site.name, node.name)
    disk = files.path / "disk.qcow2"
    disk.unlink(missing_ok=True)
    state = mib(node.disk.state) if node.disk and node.disk.state else 0
    size = f"{node.kind.image_size_mib + SPARE_MIB + state}M"
    run.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, size], stage="boot")
    data_disk.make(site, node, files.data)
    fitting = replace(accelerator, cpu=site.release.cpu)
    words = argv(node, f"port{site.nodes.index(node)}", files, fitting)
    record = machine(site.name, node.name)
    name = f"the machine of {node.name}"
    process = daemon.start(words, name=name, log=files.log, ready=daemon.settled())
    daemon.remember(record, process)


def argv(node: Node, port: str, files: NodeDir, accelerator: Accelerator) -> list[str]:
    """QEMU's command line: the hardware of golden.boot.qemu.machine, booting by its card's iPXE."""
    serial = node.disk.serial if node.disk and node.disk.serial else node.name
    console = files.path / "serial.log"
    drive = "format=qcow2,cache=writeback,discard=unmap,if=none"
    return [
        *(QEMU, "-name", node.name, "-machine", "pc,usb=off,dump-guest-core=off"),
        *accelerator.options,
        *("-smp", str(accelerator.processors), "-m", str(node.kind.memory_mib)),
        *("-nodefaults", "-no-user-config", "-display", "none", "-vga", "none"),
        *("-rtc", "base=utc", "-serial", f"file:{console}"),
        *("-netdev", f"tap,id=lan,ifname={port},script=no,downscript=no"),
        *("-device", f"virtio-net-pci,netdev=lan,mac={node.mac},addr=0x3,bootindex=0"),
        *("-drive", f"{drive},id=system,file={option(files.path / 'disk.qcow2')}"),
        *("-device", f"virtio-blk-pci,drive=system,addr=0x5,bootindex=1,serial={serial[:20]}"),
        *("-drive", f"{drive},id=data,file={option(files.data)}"),
        *("-device", "virtio-blk-pci,drive=data,addr=0x6"),
        *("-object", "rng-random,id=rng,filename=/dev/urandom"),
        *("-device", "virtio-rng-pci,rng=rng,addr=0x9"),
    ]


def _ip(*words: str) -> None:
    run.run(["ip", *words], stage="boot")

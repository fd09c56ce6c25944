"""Real machines, which a person powers on and which install themselves.

`up` starts serving (golden.boot.metal.server, dnsmasq) and powers nothing on; `down` stops serving
and leaves the machines alone. A machine's state is known from its installer's reports and then,
over ssh, from its first boot (golden.boot.metal.following).
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from golden import daemon, log, rundir
from golden.boot import status
from golden.boot.metal import dhcp, following
from golden.boot.metal.register import Record, Register
from golden.boot.target import Target
from golden.daemon import Process
from golden.definition.models import Node, Site
from golden.errors import UserError
from golden.host import Host, network
from golden.installer import bundle
from golden.paths import HOME, ROOT, shown
from golden.rundir import NodeDir, State

HTTP_PORT = 8080
SSH_PORT = 22
MACHINE = "machine.json"
SERVING = "serving.json"
KERNEL_NAME = re.compile(r"^(sd|hd|vd|xvd)[a-z]+$|^(nvme|mmcblk)[0-9a-z]+$")
DISK = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")


class Metal(Target):
    """The target metal: machines on the LAN of `interface`.

    `shared` allows an interface with the host's default route; `reinstall` overwrites disks that
    hold a complete image of ours, `force` the disks with these serial numbers or WWNs, whatever
    they hold but for state, which `wipe_state` throws away.
    """

    name = "metal"
    format = "qcow2"
    outlives_rehearsal = False
    # What boots is no machine of ours: no accelerator slows it down.
    accelerator, factor = "machine", 1.0

    def __init__(
        self,
        interface: str = "",
        *,
        shared: bool = False,
        reinstall: bool = False,
        force: Sequence[str] = (),
        wipe_state: Sequence[str] = (),
    ) -> None:
        self.interface, self.shared, self.reinstall = interface, shared, reinstall
        self.force, self.wipe_state = tuple(force), tuple(wipe_state)

    def check(self, site: Site, nodes: tuple[Node, ...]) -> None:
        """Raise UserError for what would keep any node from starting, before one is started.

        Makes the bundle, which takes a while for a new image.
        """
        _no_kernel_names("force", self.force)
        _no_kernel_names("wipe-state", self.wipe_state)
        served = self._served(site, nodes)
        dhcp.program()
        self._not_elsewhere(site, served)
        _no_clash(site, self.interface)
        names = [node.name for node in site.nodes if node.disk or node in nodes]
        bundle.make(site, names, url=_url(served))

    def up(self, site: Site, node: Node) -> bool:
        """Serve the node; False when it is served already. A refused node starts over."""
        files = NodeDir(site.name, node.name)
        if files.running() and not _was_refused(files):
            return False
        files.claim(self.name)
        files.begin()
        force, wipe = ",".join(self.force), ",".join(self.wipe_state)
        Register(_folder(site.name) / "nodes").write(
            Record(node.name, node.mac, reinstall=self.reinstall, force=force, wipe=wipe)
        )
        files.remember(self._state(node, self._serve(site)))
        said = f"switch on the machine with the network card {node.mac}"
        line = {"node": node.name, "step": status.POWER, "n": 0, "of": 7, "state": "waiting"}
        following.append(files, "installer", line | {"detail": said, "seconds": 0, "uptime": 0})
        log.info(f"{node.name}: {said}, to boot from the network, then from its disk")
        return True

    def down(self, site: str, node: str, *, keep: bool, keep_state: bool = False) -> bool:
        """Stop serving the node; False when it was not served. The machine itself runs on.

        `keep` makes no difference: nothing of a machine lies on this host.
        """
        del keep, keep_state
        files, folder = NodeDir(site, node), _folder(site)
        was_on = files.running() is not None
        # A rehearsal's own machine (golden.boot.metal.rehearsal).
        daemon.end(files.path / MACHINE)
        register = Register(folder / "nodes")
        register.remove(node)
        if not register.all():
            daemon.end(folder / "http.json")
            daemon.end(folder / "dhcp.json")
        files.forget()
        files.remove()
        return was_on

    def machine_state(self, site: str, node: str) -> str:
        """`running` while the node is served, else `off`: the machine's own state is unknown."""
        return "running" if NodeDir(site, node).running() else "off"

    def attach(self, site: str, node: str) -> None:
        """Raise UserError: the console is at the machine."""
        raise UserError(
            f"{node}: this host does not have the machine's console; what is known of it is in "
            f"{shown(NodeDir(site, node).console)}, and when it runs: "
            f"./inv ssh {node} --site {site}"
        )

    def rehearsal(self, site: Site) -> Target:
        """Emulated machines on a network of their own."""
        from golden.boot.metal import rehearsal

        rehearsal.own_network(site)
        return rehearsal.Rehearsed()

    def _served(self, site: Site, nodes: tuple[Node, ...]) -> dhcp.Interface:
        if not self.interface:
            raise UserError(
                "--interface is missing: the interface of this host on the machines' network, "
                "such as eth1; see: ip -brief address"
            )
        if os.geteuid() != 0:
            raise UserError("--target metal: to answer DHCP takes root; run it as root")
        subnet = str(site.network.subnet)
        return dhcp.interface(self.interface, nodes, subnet, shared=self.shared)

    def _not_elsewhere(self, site: Site, served: dhcp.Interface) -> None:
        """Raise UserError if machines are served already through another address of this host."""
        folder = _folder(site.name)
        before = rundir.read(folder / SERVING) if daemon.running(folder / "http.json") else None
        if isinstance(before, list) and before != _place(served):
            raise UserError(
                f"--interface {served.name}: the site {site.name} is served on "
                f"{' as '.join(before)} already; end that first: ./inv down --site {site.name}"
            )

    def _serve(self, site: Site) -> Process:
        """Start both servers unless they run; return the process of the HTTP server."""
        folder, served = _folder(site.name), self._served(site, ())
        http, leases = folder / "http.json", folder / "dhcp.json"
        address = str(served.address.ip)
        rundir.write(folder / SERVING, _place(served))
        config = folder / dhcp.CONFIG
        before = config.read_text() if config.is_file() else ""
        words = dhcp.prepare(served, site.nodes, _url(served), folder)
        if config.read_text() != before:
            # Such as a MAC address that was wrong in the site's file.
            daemon.end(leases)
        if daemon.running(leases) is None:
            log_file = folder / "dnsmasq.log"
            started = daemon.start(
                words, name="dnsmasq", log=log_file, ready=daemon.settled(), cwd=folder
            )
            daemon.remember(leases, started)
        if known := daemon.running(http):
            return known
        place = [str(bundle.folder(site.name)), str(folder), address, str(HTTP_PORT)]
        server = daemon.start(
            [sys.executable, "-m", "golden.boot.metal.server", site.name, *place],
            name="the HTTP server",
            cwd=ROOT,
            # A relative GOLDEN_HOME means another folder there.
            env={"GOLDEN_HOME": str(HOME)},
            log=folder / "http.log",
            ready=lambda: _listens(address),
        )
        daemon.remember(http, server)
        return server

    def _state(self, node: Node, server: Process) -> State:
        return State(
            **asdict(server),
            power_on=time.time(),
            port=SSH_PORT,
            accelerator=self.accelerator,
            factor=self.factor,
            artifact="",
            stamp=[],
            address=str(node.address),
            target=self.name,
        )


def _url(served: dhcp.Interface) -> str:
    """The address of the HTTP server."""
    return f"http://{served.address.ip}:{HTTP_PORT}"


def _listens(address: str) -> bool:
    try:
        with socket.create_connection((address, HTTP_PORT), 1):
            return True
    except OSError:
        return False


def _no_clash(site: Site, interface: str) -> None:
    subnet = ipaddress.IPv4Network(site.network.subnet)
    definition = f"images/sites/{site.name}.yaml"
    found = network.subnet_and_routes(Host(), subnet, definition, [interface])
    if not found.ok:
        raise UserError(f"{definition}: network: subnet: {found.detail}")


def _place(served: dhcp.Interface) -> list[str]:
    return [served.name, str(served.address.ip)]


def _was_refused(files: NodeDir) -> bool:
    """Whether the node's installer waits for a person."""
    trouble = status.status(files.console_text()).trouble
    return trouble is not None and trouble[0] == "installer"


def _no_kernel_names(option: str, disks: tuple[str, ...]) -> None:
    """Raise UserError unless all are serial numbers or WWNs."""
    for disk in disks:
        if KERNEL_NAME.match(disk) or not DISK.match(disk):
            raise UserError(
                f"--{option} {disk}: name a disk by its serial number or WWN, as the installer "
                "shows it: what the kernel calls it is another disk on another machine"
            )


def _folder(site: str) -> Path:
    """The folder of a site's servers; no node can have its name."""
    return rundir.site_dir(site) / ".netboot"

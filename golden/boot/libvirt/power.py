"""Power a machine on and off, and follow its console."""

from __future__ import annotations

import random
import re
import time
from dataclasses import asdict, replace

from golden.boot import consoles, state_disk
from golden.boot.accelerator import EMULATED_CPU, EMULATED_FEATURES, Accelerator
from golden.boot.disks import artifact, stamp
from golden.boot.libvirt import disks, ownership, uri
from golden.boot.libvirt.virsh import RUNNING, Virsh
from golden.daemon import Process
from golden.definition.models import Node, Site
from golden.errors import StageError
from golden.render import machines
from golden.rundir import NodeDir, State

CONSOLE = "golden.boot.libvirt.console"
TARGET = "libvirt"
PORT_ATTEMPTS = 5
# Below those that Linux gives to outgoing connections (ip-sysctl, ip_local_port_range).
PORTS = range(20000, 32768)
FORWARD = re.compile(r"hostfwd=tcp:127\.0\.0\.1:(\d+)-:22")


def on(virsh: Virsh, site: Site, node: Node, base: str, accelerator: Accelerator) -> None:
    """Define the machine and start it; its console is followed from the first byte on."""
    name = ownership.named(site.name, node.name)
    host = machines.Machine(
        name=ownership.named(site.name),
        checkout=ownership.checkout(),
        uuid=ownership.identity(site.name, node.name),
        image=base,
        accelerator=accelerator.name,
        processors=accelerator.processors,
        cpu=EMULATED_CPU,
        features=EMULATED_FEATURES,
        state=state_disk.SERIAL if disks.state_pool(virsh, site.name, node.name) else "",
    )
    # Paused, until somebody listens to its console.
    port = _started(virsh, site, node, host)
    try:
        server = consoles.serve(CONSOLE, [virsh.uri, name], NodeDir(site.name, node.name))
        power_on = time.time()
        virsh.say("resume", name)
    except BaseException:
        virsh.say("destroy", name)
        raise
    _remember(virsh, site, node, accelerator, server=server, port=port, power_on=power_on)


def follow_again(virsh: Virsh, site: Site, node: Node, accelerator: Accelerator) -> None:
    """Follow the console of a running machine again, after a reboot of this host for example."""
    files, name = NodeDir(site.name, node.name), ownership.named(site.name, node.name)
    before = files.state()
    found = FORWARD.search(virsh.say("dumpxml", name))
    _remember(
        virsh,
        site,
        node,
        accelerator,
        server=consoles.serve(CONSOLE, [virsh.uri, name], files),
        port=int(found.group(1)) if found else 0,
        power_on=before.power_on if before else time.time(),
    )


def off(virsh: Virsh, name: str, patience: float) -> None:
    """Press the power button and wait `patience` seconds, then pull the plug."""
    if patience:
        virsh.say("shutdown", "--mode", "acpi", name)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and virsh.state(name) in RUNNING:
        time.sleep(0.5)
    if virsh.state(name) in RUNNING:
        virsh.say("destroy", name)


def _started(
    virsh: Virsh, site: Site, node: Node, host: machines.Machine, attempts: int = PORT_ATTEMPTS
) -> int:
    """Start the machine, paused; return its port for ssh, which is free on libvirt's host."""
    port = random.choice(PORTS)
    xml = machines.domain(site, node, replace(host, port=port))
    virsh.say("define", "--validate", "/dev/stdin", stdin=xml)
    try:
        virsh.say("start", "--paused", f"{host.name}-{node.name}")
    except StageError as error:
        taken = any("host forwarding" in line for line in error.tail)
        if not taken or attempts == 1:
            raise
        return _started(virsh, site, node, host, attempts - 1)
    return port


def _remember(
    virsh: Virsh,
    site: Site,
    node: Node,
    accelerator: Accelerator,
    *,
    server: Process,
    port: int,
    power_on: float,
) -> None:
    image = artifact(site, node)
    state = State(
        **asdict(server),
        power_on=power_on,
        port=port,
        accelerator=accelerator.name,
        factor=accelerator.factor,
        artifact=str(image),
        stamp=stamp(image),
        target=TARGET,
        jump=uri.jump(virsh.uri),
    )
    NodeDir(site.name, node.name).remember(state)

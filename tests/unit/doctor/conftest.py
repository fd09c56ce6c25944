"""A host that has everything; tests take one thing away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from golden.definition import Site, load
from golden.host import Host

MAPS = "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0    [vsyscall]\n"
ROUTE_HEAD = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
TEXTS = {
    "/etc/subuid": "builder:100000:65536\n",
    "/etc/subgid": "builder:100000:65536\n",
    "/proc/meminfo": "MemTotal: 9 kB\nMemAvailable: 16000000 kB\n",
    "/proc/self/maps": MAPS,
    # 10.1.2.0/24 on eth0, and the default route.
    "/proc/net/route": ROUTE_HEAD
    + "eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0\n"
    + "eth0 0002010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n",
}
VIRSH = """\
<machine>pc-i440fx-7.2</machine>
State:          running
Available:      99999999999
Running against daemon: 9.0.0
"""
SAYS = {"packer": "Packer v1.6.6\n", "docker": "20.10.24\n", "virsh": VIRSH, "python2.7": "2.7"}


def healthy(**changes: Any) -> Host:
    """The host that has everything, but for `changes`."""
    host = Host(
        uid=1000,
        user="builder",
        home=Path("/home/builder"),
        python=(3, 11),
        environment={},
        which=lambda name: Path("/usr/bin") / name,
        exists=lambda path: path != Path("/dev/kvm"),
        text=lambda path: TEXTS.get(str(path), ""),
        free=lambda path: 100 * 1024**3,
        says=lambda *argv: SAYS.get(argv[0], ""),
        addresses=lambda name: ("192.0.2.10",),
        http_status=lambda url: 200,
    )
    return replace(host, **changes)


@pytest.fixture(scope="session")
def site() -> Site:
    return load("rehearsal")

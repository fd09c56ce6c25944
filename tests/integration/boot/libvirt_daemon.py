"""A libvirt daemon for tests, and another machine by which it is reached: this one, by ssh."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from golden import paths, run
from golden.boot.libvirt.virsh import Virsh
from golden.definition.models import Site
from golden.host.ports import free_port
from tests.waiting import until

Use = Callable[[str], Site]

DAEMON = paths.ROOT / "scripts" / "host" / "libvirtd"
FOREIGN = """
<domain type="qemu"><name>{name}</name><memory unit="MiB">64</memory>
<os><type arch="x86_64" machine="pc">hvm</type></os></domain>
"""
# What `seen` gives when nothing of this project is left.
THEIRS = ({"theirs"}, {"theirs"}, {"theirs"})

SSHD = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/key.pub
PasswordAuthentication no
UsePAM no
StrictModes no
"""
# The user's own list of known hosts stays as it is.
SSH = """\
#!/bin/sh
exec ssh -o UserKnownHostsFile={folder}/known -o StrictHostKeyChecking=no "$@"
"""
# What libvirt runs at the other end to reach a socket that is not the system's.
NETCAT = """\
#!{python}
import os, select, socket, sys
link = socket.socket(socket.AF_UNIX)
link.connect(sys.argv[-1])
ends = {{0: link.fileno(), link.fileno(): 1}}
while True:
    for end in select.select(list(ends), [], [])[0]:
        piece = os.read(end, 65536)
        if not piece:
            sys.exit()
        while piece:
            piece = piece[os.write(ends[end], piece):]
"""


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Virsh]:
    """A daemon below `folder` that holds a machine, a network and a volume called `theirs`."""
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


def seen(virsh: Virsh) -> tuple[set[str], set[str], set[str]]:
    """The names of all machines, networks and volumes that the daemon knows."""
    return set(virsh.domains()), set(virsh.networks()), set(virsh.volumes("default"))


@contextlib.contextmanager
def by_ssh(virsh: Virsh, folder: Path) -> Iterator[str]:
    """The URI by which `virsh`'s daemon is reached through an sshd of this test's own."""
    port = free_port()
    for name in ("host", "key"):
        run.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name])
    _write(folder / "sshd_config", SSHD.format(folder=folder, port=port))
    _write(folder / "ssh", SSH.format(folder=folder))
    _write(folder / "nc", NETCAT.format(python=sys.executable))
    Path("/run/sshd").mkdir(exist_ok=True)
    sshd = run.which("sshd")
    assert sshd is not None
    child = run.start([sshd, "-D", "-e", "-f", folder / "sshd_config"], log=folder / "sshd.log")
    try:
        until(lambda: _answers(port), why=lambda: "sshd does not answer")
        path = virsh.uri.partition("?socket=")[2]
        ways = f"keyfile={folder}/key&command={folder}/ssh&netcat={folder}/nc"
        yield f"qemu+ssh://root@127.0.0.1:{port}/system?socket={path}&{ways}"
    finally:
        run.end(child)


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False

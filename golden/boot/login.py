"""Log in to booted nodes with one ssh configuration per site, for people and checks alike."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
from pathlib import Path

from golden import atomic, run, rundir
from golden.definition.models import Site
from golden.errors import StageError, UserError
from golden.keys import secrets
from golden.keys.secrets import Secrets
from golden.paths import shown
from golden.rundir import NodeDir, State

# A Unix socket's address holds 107 bytes, and ssh adds 17 of its own while it makes the socket.
CONTROL_PATH_LIMIT = 90
# For sshd's first word, which takes seconds on an emulated node of a busy host.
PROBE_SECONDS = 20.0
# A login at the machine between, and that.
JUMP_SECONDS = 60.0


def write_config(site: Site) -> Path:
    """Write the configuration, a Host entry for each running node; return its path."""
    folder = rundir.site_dir(site.name)
    kept = secrets.load(site)
    hosts = folder / "known_hosts"
    atomic.write(hosts, secrets.known_hosts(site, kept))
    entries = [
        _entry(name, fqdn, state, kept, hosts)
        for name, fqdn in ((node.name, node.fqdn) for node in site.nodes)
        if (state := NodeDir(site.name, name).running())
    ]
    config = rundir.ssh_config(site.name)
    atomic.write(config, "\n".join(entries))
    return config


def remove_config(site: str) -> None:
    """Remove the configuration: no node of the site runs any more."""
    rundir.ssh_config(site).unlink(missing_ok=True)


def command(site: str, node: str, words: str = "") -> list[str]:
    """The argv that runs `words`, or a login shell, on `node`.

    Raises UserError when the node does not run here.
    """
    if NodeDir(site, node).running() is None:
        raise UserError(
            f"{node} of site {site} is not running; boot it with: ./inv boot --site {site}"
        )
    if shutil.which("ssh") is None:
        raise UserError("ssh is not installed: apt-get install openssh-client")
    argv = ["ssh", "-F", str(rundir.ssh_config(site)), node]
    return [*argv, "--", words] if words else argv


def probe(
    port: int, timeout: float = PROBE_SECONDS, address: str = "127.0.0.1", jump: str = ""
) -> str:
    """Whether sshd answers on `address`:`port`: `answers`, `closed` or `silent`.

    `jump` is the ssh command of the machine from which that address is reached.

    QEMU itself accepts every connection; it closes it when the node refuses, and keeps it open
    while the node is silent.
    """
    if jump:
        return _probe_from(jump, f"[{address}]:{port}")
    try:
        with socket.create_connection((address, port), timeout) as link:
            return "answers" if link.recv(4) == b"SSH-" else "closed"
    except TimeoutError:
        return "silent"
    except OSError:
        return "closed"


def _probe_from(jump: str, place: str) -> str:
    try:
        found = run.run([*shlex.split(jump), "-W", place], timeout=JUMP_SECONDS, check=False)
    except StageError:
        return "silent"
    return "answers" if "SSH-" in found.out else "closed"


def _entry(name: str, fqdn: str, state: State, kept: Secrets, hosts: Path) -> str:
    lines = [
        f"Host {name} {fqdn}",
        f"    HostName {state.address}",
        *([f"    ProxyCommand {_literal(state.jump)} -W [%h]:%p"] if state.jump else []),
        f"    Port {state.port}",
        "    User root",
        f"    IdentityFile {_quoted(kept.operator_key)}",
        "    IdentitiesOnly yes",
        f"    HostKeyAlias {fqdn}",
        f"    UserKnownHostsFile {_quoted(hosts)}",
        "    StrictHostKeyChecking yes",
        # Under emulation a login takes seconds; a check does hundreds.
        *_shared_connection(hosts.parent / f"ssh-{name}"),
        "    ConnectTimeout 60",
        "    ServerAliveInterval 30",
        "    LogLevel ERROR",
    ]
    return "\n".join(lines) + "\n"


def _quoted(path: Path) -> str:
    """A path as one word of an ssh configuration (ssh_config(5), TOKENS)."""
    text = _literal(str(path)).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _shared_connection(path: Path) -> list[str]:
    if len(os.fsencode(path)) > CONTROL_PATH_LIMIT:
        return [f"    # no shared connection: {shown(path)} is too long for a socket's address"]
    return [
        "    ControlMaster auto",
        f"    ControlPath {_quoted(path)}",
        "    ControlPersist 60",
    ]

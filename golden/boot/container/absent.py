"""The features that a node lacks as a container, each with its reason.

The seed passes them to first boot, whose steps then skip them (and say so) or use a substitute.
The checks read them there, and report what is absent as not run, never as passed.
"""

from __future__ import annotations

import os
from pathlib import Path

from golden import run

# In a network namespace of its own; without root also in a user namespace.
_VLAN = "ip link add a type veth peer name b && ip link add link a name a.1 type vlan id 1"


def absent() -> dict[str, str]:
    """The features that containers of this host lack: {feature: why}."""
    found = {
        "nfsd": _nfsd(),
        "nfs": "" if _file_system("nfs") else "this host's kernel cannot mount NFS",
        "lvm": "a container may not use the host's device mapper",
        "drbd": "a container has no block devices of its own to replicate",
        "kvm": "a container gets neither /dev/kvm nor /dev/net/tun",
        "vlan": "" if _can_make_vlans() else "this host's kernel knows no VLANs",
        "nfqueue": _nfqueue(),
        "clock": "a container has its host's clock, and may not set it",
        "sysrq": _sysrq(),
        "forwarding": "a container sees /proc/sys read-only and begins with what its host has",
        "ptrace": "a container's root may not see which program another user's process runs",
    }
    return {feature: reason for feature, reason in found.items() if reason}


def _nfsd() -> str:
    if _file_system("nfsd"):
        # One server per kernel namespace would be possible, but its state is the host's.
        return "the NFS server is the host's kernel's, not a container's to run"
    return "this host's kernel has no NFS server"


def _file_system(name: str) -> bool:
    return name in Path("/proc/filesystems").read_text().split()


def _nfqueue() -> str:
    """Why there is no netfilter queue, the source of nfdhcpd's packets; empty if there is one."""
    if Path("/proc/net/netfilter/nfnetlink_queue").exists():
        return ""
    return "this host's kernel has no queue for packets (nfnetlink_queue)"


def _sysrq() -> str:
    """Why there is no sysrq-trigger, without which Ganeti's verify fails (lib/backend.py)."""
    return "" if Path("/proc/sysrq-trigger").exists() else "this host's kernel has no sysrq-trigger"


def _can_make_vlans() -> bool:
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    argv = ["unshare", *user, "--net", "--", "sh", "-c", _VLAN]
    return run.run(argv, check=False, stage="boot").code == 0

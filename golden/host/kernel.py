"""What the host's kernel can do: namespaces, old binaries, fast virtual machines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from golden.errors import StageError, UserError
from golden.host import Finding, Host
from golden.host.packages import install_line

# The ids of one Debian tree: 0-65534 and `nobody`.
SUBORDINATE_IDS = 65536
# As compose/builder.yaml does.
CAPABLE = "docker run --cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt apparmor=unconfined …"
XONLY = (
    "sed -i 's/^GRUB_CMDLINE_LINUX=\"/&vsyscall=xonly /' /etc/default/grub && update-grub && reboot"
)


def namespaces(host: Host) -> list[Finding]:
    """A bake mounts inside namespaces of its own: as root, or as a user mapped to root in them."""
    if host.uid == 0:
        return [_tried(host, "unshare", "--mount", "--pid", "--fork", "true")]
    return [
        _tried(host, "unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "true"),
        _newuidmap(host),
        *(_subordinate(host, kind) for kind in ("uid", "gid")),
    ]


def _tried(host: Host, *command: str) -> Finding:
    who = "root" if host.uid == 0 else host.user
    if host.says(*command) is not None:
        return Finding("namespaces", True, True, f"{who} can make them")
    detail = f"{who} cannot make them: `{' '.join(command)}` fails"
    if host.uid == 0:
        # Root without CAP_SYS_ADMIN: an ordinary container, which nothing inside it can mend.
        return Finding("namespaces", False, True, detail, CAPABLE)
    fix = "sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000"
    return Finding("namespaces", False, True, detail, fix)


def _newuidmap(host: Host) -> Finding:
    found = host.which("newuidmap")
    if found:
        return Finding("newuidmap", True, True, str(found))
    fix = install_line(["uidmap"])
    return Finding("newuidmap", False, True, "missing, maps a user's ids", fix, "uidmap")


def _subordinate(host: Host, kind: str) -> Finding:
    name = f"sub{kind}"
    rows = [line.split(":") for line in host.text(Path("/etc") / name).splitlines()]
    count = max(
        (int(row[2]) for row in rows if len(row) == 3 and row[0] in (host.user, str(host.uid))),
        default=0,
    )
    if count >= SUBORDINATE_IDS:
        return Finding(name, True, True, f"{count} ids for {host.user}")
    fix = f"sudo usermod --add-sub{kind}s 100000-165535 {host.user}"
    return Finding(name, False, True, f"/etc/{name} gives {host.user} {count} ids", fix)


def vsyscall(host: Host) -> Finding:
    """glibc before 2.14 calls the vsyscall page; a kernel without it kills such programs, and their
    layers are made in a machine (golden/bake/machine.py).

    The maps line tells the mode in force (docs/wheezy.md W3.4).
    """
    maps = host.text(Path("/proc/self/maps")).splitlines()
    lines = [line for line in maps if "[vsyscall]" in line]
    if not lines:
        detail = "none: layers of Debian 7 are made in virtual machines, which takes longer"
        return Finding("vsyscall", False, False, detail, XONLY)
    mode = "emulate" if lines[0].split()[1].startswith("r") else "xonly"
    return Finding("vsyscall", True, False, mode)


def accelerator(probe: Callable[[], str]) -> Finding:
    """`probe` says `kvm (why)` or `tcg (why)` after running a tiny guest.

    That /dev/kvm exists proves nothing (docs/wheezy.md W15.2).
    """
    try:
        found = probe()
    except (UserError, StageError) as error:
        return Finding("accelerator", False, False, str(error), install_line(["qemu-system-x86"]))
    if found.startswith("kvm"):
        return Finding("accelerator", True, False, found)
    fix = "modprobe kvm_intel || modprobe kvm_amd"
    return Finding("accelerator", False, False, f"{found}: nodes boot slower", fix)

"""What the host's kernel can do: namespaces, old binaries, fast virtual machines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from golden.errors import StageError, UserError
from golden.host import Finding, Host
from golden.host.packages import install_line

# The ids of one Debian tree: 0-65534 and `nobody`.
SUBORDINATE_IDS = 65536
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
        return Finding("namespaces", False, True, detail, "docker run --privileged …")
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


def vsyscall(host: Host, needed: bool) -> Finding:
    """glibc before 2.14 calls the vsyscall page; a kernel without it kills such programs.

    `needed` is whether the site's release has so old a glibc and is baked natively. The maps line
    tells the mode in force (docs/wheezy.md W3.4).
    """
    maps = host.text(Path("/proc/self/maps")).splitlines()
    lines = [line for line in maps if "[vsyscall]" in line]
    mode = "none"
    if lines:
        mode = "emulate" if lines[0].split()[1].startswith("r") else "xonly"
    if mode != "none" or not needed:
        remark = "" if needed else ", not needed for this bake"
        return Finding("vsyscall", True, needed, mode + remark)
    return Finding("vsyscall", False, True, "none: programs of this release would crash", XONLY)


def builder(word: str, old_glibc: bool, page: Finding, definition: str) -> Finding:
    """How the layers are made: `word` is the release's, `page` what `vsyscall` found.

    Only a tree on this host makes whole images so far (golden/bake); a virtual machine, which needs
    no vsyscall page of this host's kernel, single layers.
    """
    if word == "tree":
        return Finding("builder", True, True, "tree: layers are made on this host's kernel")
    mode = page.detail.partition(",")[0].partition(":")[0]
    why = "its glibc calls the vsyscall page" if old_glibc else f"{definition} says so"
    change = f"sed -i 's/^builder: {word}/builder: tree/' {definition}"
    if mode == "none":
        detail = f"{word}, because {why}, and this kernel has none: start it with vsyscall=xonly"
        return Finding("builder", False, True, detail, f"{change} && {XONLY}")
    detail = f"{word}, because {why}; this kernel has one ({mode}), so 'builder: tree' bakes here"
    return Finding("builder", False, True, detail, change)


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

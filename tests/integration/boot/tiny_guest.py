"""A tree of a few MiB that boots like an image: a real Debian kernel, and busybox as the rest.

It behaves as a baked node does as far as `golden.boot` can see: it writes first boot's lines to its
console, answers on port 22, turns off at the power button, and echoes what is typed at its console.
"""

from __future__ import annotations

import dataclasses
import gzip
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from golden import disk, run
from golden.definition.models import Kind, Site

KERNEL_PACKAGE = "linux-image-cloud-amd64"
MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "isofs", "button", "evdev")
APPLETS = (
    *("sh", "mount", "insmod", "findfs", "switch_root", "ip", "ping", "nc", "sleep", "cat", "cut"),
    *(
        "acpid",
        "poweroff",
        "reboot",
        "mkdir",
        "mknod",
        "echo",
        "printf",
        "sed",
        "touch",
        "sync",
        "test",
    ),
)

INITRAMFS_INIT = """\
#!/bin/sh
mount -t devtmpfs dev /dev
for name in {modules}; do
    insmod /lib/$name.ko
done
mount -t proc proc /proc
for word in $(cat /proc/cmdline); do
    case $word in root=*) root=${{word#root=}} ;; esac
done
mount -t ext4 -o rw "$(findfs "$root")" /root
mount --move /dev /root/dev
exec switch_root /root /sbin/init
"""

# eth0's address ends as its MAC does, so that every node of a site has its own.
INIT = r"""#!/bin/sh
say() {
    printf '\r\n@firstboot {"node":"tiny","step":"%s","n":%s,"of":2,"state":"%s",' "$1" "$2" "$3"
    printf '"detail":"%s","seconds":0.1,"uptime":%s}\r\n' "$4" "$(cut -d' ' -f1 /proc/uptime)"
}
exec < /dev/console > /dev/console 2>&1
echo "INIT: version of the tiny guest"
mount -t proc proc /proc
mount -t sysfs sys /sys
echo "tiny: boots=$(cat /boots)x"; printf x >> /boots; sync
mount -t iso9660 -o ro /dev/vdc /seed || mount -t iso9660 -o ro /dev/vda2 /seed
echo "tiny: seed $(sed -n 's/.*"local-hostname": *"\([^"]*\)".*/\1/p' /seed/meta-data)"
number=$(sed 's/.*:0*//' /sys/class/net/eth0/address)
ip link set lo up
ip link set eth0 up; ip address add 198.51.100.$number/24 dev eth0
ip link set eth1 up; ip address add 10.0.2.15/24 dev eth1
echo "tiny: vdb has $(cat /sys/block/vdb/size) sectors"
acpid -d -c /etc/acpi > /dev/null 2>&1 &
nc -ll -p 22 -e /bin/greet &
say network 1 done ""
other=$((3 - number))
until [ -e /alone ] || ping -c 1 -w 1 198.51.100.$other > /dev/null; do
    say lan 2 waiting "waiting for 198.51.100.$other"; sleep 1
done
say lan 2 done ""
say ready 2 done "all steps done"
while read -r line; do echo "tiny: typed <$line>"; done
sleep 100000
"""


def make(folder: Path, *, alone: bool) -> Path:
    """Make the tree in `folder`; an `alone` guest is ready without the other node's answer."""
    parts = downloaded(folder / "packages")
    tree = folder / "tree"
    for name in ("bin", "sbin", "boot", "dev", "proc", "sys", "seed", "etc/acpi/PWRF"):
        (tree / name).mkdir(parents=True)
    kernel = next(parts.glob("boot/vmlinuz-*"))
    shutil.copy(kernel, tree / "boot/vmlinuz")
    (tree / "vmlinuz").symlink_to("boot/vmlinuz")
    (tree / "initrd.img").write_bytes(
        gzip.compress(initramfs(folder / "initramfs", parts, INITRAMFS_INIT))
    )
    _busybox(tree, parts)
    _script(tree / "sbin/init", INIT)
    _script(tree / "sbin/fsck.ext4", "#!/bin/sh\nexit 0\n")
    _script(tree / "bin/greet", "#!/bin/sh\nprintf 'SSH-2.0-tiny\\r\\n'\nsleep 1\n")
    _script(tree / "etc/acpi/PWRF/00000080", "#!/bin/sh\npoweroff -f\n")
    (tree / "boots").write_text("")
    if alone:
        (tree / "alone").touch()
    for name, text in disk.boot_files().items():
        path = tree / name[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tree


def lean(site: Site) -> Site:
    """The site with nodes of 128 MiB of memory, which is all that this guest needs."""

    def small(kind: Kind) -> Kind:
        return dataclasses.replace(kind, memory_mib=128)

    nodes = tuple(dataclasses.replace(node, kind=small(node.kind)) for node in site.nodes)
    return dataclasses.replace(site, nodes=nodes, kinds=tuple(map(small, site.kinds)))


def downloaded(folder: Path) -> Path:
    """The unpacked packages of kernel and busybox, from the mirror that the host's apt uses."""
    folder.mkdir(parents=True)
    told = run.run(["apt-cache", "depends", KERNEL_PACKAGE]).out
    kernel = next(line.split()[-1] for line in told.splitlines() if "Depends: linux-image" in line)
    options = ["-o", "APT::Sandbox::User=root"]
    run.run(["apt-get", *options, "download", "-q", kernel, "busybox-static"], cwd=folder)
    for package in folder.glob("*.deb"):
        run.run(["dpkg-deb", "-x", package, folder / "root"])
    return folder / "root"


def _busybox(tree: Path, parts: Path) -> None:
    (tree / "bin").mkdir(parents=True, exist_ok=True)
    shutil.copy(parts / "bin/busybox", tree / "bin/busybox")
    for name in APPLETS:
        (tree / "bin" / name).symlink_to("busybox")


def _script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def initramfs(folder: Path, parts: Path, init: str) -> bytes:
    """An initramfs with busybox and `MODULES`, whose /init is `init` with their {modules}."""
    for name in ("dev", "proc", "root", "lib"):
        (folder / name).mkdir(parents=True)
    _busybox(folder, parts)
    modules = _in_order(MODULES, {path.stem: path for path in parts.rglob("*.ko")})
    for module in modules:
        shutil.copy(module, folder / "lib")
    names = " ".join(module.stem for module in modules)
    _script(folder / "init", init.format(modules=names))
    return _cpio(folder)


def _in_order(names: Sequence[str], known: Mapping[str, Path]) -> list[Path]:
    """The modules `names` and what they depend on, what is needed first first."""
    found: dict[str, Path] = {}

    def add(name: str) -> None:
        path = known[name]
        match = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())
        for needed in match.group(1).decode().split(",") if match else []:
            if needed:
                add(needed.replace("-", "_"))
        found[name] = path

    for name in names:
        add(name)
    return list(found.values())


def _cpio(folder: Path) -> bytes:
    """`folder` in the kernel's initramfs format (linux: driver-api/early-userspace, newc)."""
    paths = sorted(folder.rglob("*"))
    entries = [_entry(str(path.relative_to(folder)), path) for path in paths]
    return b"".join(entries) + _entry("TRAILER!!!", None)


def _entry(name: str, path: Path | None) -> bytes:
    data, mode = b"", 0
    if path is not None:
        mode = path.lstat().st_mode
        if path.is_symlink():
            data = str(path.readlink()).encode()
        elif path.is_file():
            data = path.read_bytes()
    numbers = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    header = b"070701" + "".join(f"{number:08X}" for number in numbers).encode()
    return _padded(header + name.encode() + b"\0") + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)

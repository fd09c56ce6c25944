"""A minimal Debian 12 with nothing but git and Python, entered as a machine of its own.

It has its own mounts and process ids, and this host's network: packages come from where this host
gets them.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from golden import run
from golden.definition import load
from golden.packages import sources
from golden.paths import ROOT

PACKAGES = "git,python3,ca-certificates"
# The host's way to its mirrors and to PyPI, where it has one.
WAYS = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
# pivot_root(2) and not chroot(8): in a changed root the kernel makes no user namespaces.
ENTER = """
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
for name in sys dev; do mount --rbind "/$name" "$1/$name"; done
for name in run tmp; do mount -t tmpfs tmpfs "$1/$name"; done
cd "$1"
mkdir -p host
pivot_root . host
umount --lazy host
rmdir host
shift
exec env -i HOME=/root LANG=C.UTF-8 TERM=dumb "PATH=$PATH" "$@"
"""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Machine:
    """One made in `root`."""

    root: Path

    def make(self) -> None:
        """Install it, and clone this checkout into its /root/golden."""
        release = load("rehearsal").release
        lines = sources.lines(release)
        words = ["--variant=minbase", f"--include={PACKAGES}", release.suite, self.root, *lines]
        run.run(["mmdebstrap", *words])
        for way in filter(Path.is_file, map(Path, WAYS)):
            shutil.copyfile(way, self.root / way.relative_to("/"))
        options = run.run(["apt-config", "dump", "Acquire"]).out
        (self.root / "etc/apt/apt.conf.d/host").write_text(options)
        run.run(["git", "clone", "--quiet", ROOT, self.root / "root/golden"])

    def run(self, *words: str, log: Path) -> run.Result:
        """Run a command there; its processes end with it. `log` keeps what it said."""
        namespaces = [
            "--mount",
            "--pid",
            "--ipc",
            "--fork",
            "--kill-child",
            "--propagation=private",
        ]
        enter = ["sh", "-euc", ENTER, "enter", str(self.root), *words]
        return run.run(["unshare", *namespaces, *enter], env={"PATH": PATH}, log=log, check=False)

    def has(self, package: str) -> bool:
        """Whether a Debian package is installed there."""
        words = ["dpkg-query", f"--admindir={self.root}/var/lib/dpkg", "-f${Status}", "-W", package]
        return "ok installed" in run.run(words, check=False).out

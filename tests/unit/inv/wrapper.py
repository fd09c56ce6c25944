"""A checkout with nothing but what `./inv` reads, on a machine that is made of a few programs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from golden import run
from golden.paths import ROOT

PROGRAMS = ("bash", "dirname", "readlink", "flock", "mkdir", "tail", "rm", "grep", "chmod", "cat")
# Makes venvs as Python does, and says what it was started for.
PYTHON = """\
#!{bash}
self=$(readlink -f "$0") here=$(dirname "$(readlink -f "$0")")
echo "python3 $*" >>"{told}"
case "$1 $2" in
    "-c import os"*) echo "$self" ;;
    "-c import ensurepip") [ ! -e "$here/no-ensurepip" ] ;;
    "-m venv")
        rm -rf "${{@: -1}}"
        mkdir -p "${{@: -1}}/bin"
        printf '#!%s\\nexec "%s" "$@"\\n' {bash} "$self" >"${{@: -1}}/bin/python"
        chmod 755 "${{@: -1}}/bin/python"
        ;;
    "-m pip") [ ! -e "$here/no-network" ] ;;
esac
"""
# Says what the policy file said while it ran, and makes what it installs.
APT = """\
#!{bash}
echo "apt-get $*" >>"{told}"
[ ! -e "{policy}" ] || echo "policy: $({policy}; echo $?)" >>"{told}"
[ ! -e "{bin}/no-network" ] || {{ echo 'Could not resolve a mirror'; exit 100; }}
"""
LIST = """\
# package program for why
baker     mkbake    bake            bakes
db        {there}/db test           holds tables
player    play      container,slow  plays
netboot   serve     metal,test      serves
night     nightd    nightly         runs at night
"""


@dataclass
class Machine:
    """Where `./inv` runs: `place/checkout`, with the programs of `place/bin` alone."""

    place: Path
    uid: int = 0
    checkout: Path = field(init=False)

    def __post_init__(self) -> None:
        self.bin, self.told = self.place / "bin", self.place / "told"
        self.policy = self.place / "policy-rc.d"
        self.bin.mkdir(parents=True)
        for name in PROGRAMS:
            (self.bin / name).symlink_to(str(run.which(name)))
        names = {"bash": run.which("bash"), "told": self.told, "policy": self.policy}
        self.program("python3", PYTHON.format(**names))
        self.program("apt-get", APT.format(bin=self.bin, **names))
        self.program("id", f"#!/bin/sh\necho {self.uid}\n")
        self.make("checkout")

    def make(self, name: str) -> None:
        """A checkout of this name."""
        self.checkout = self.place / name
        (self.checkout / "golden/host").mkdir(parents=True)
        packages = self.checkout / "golden/host/host-packages.txt"
        packages.write_text(LIST.format(there=self.place))
        (self.checkout / "requirements.lock").write_text("a==1\n")
        text = (ROOT / "inv").read_text()
        for system in ("/usr/sbin/policy-rc.d", ":/usr/local/sbin:/usr/sbin:/sbin"):
            assert system in text
        text = text.replace("/usr/sbin/policy-rc.d", str(self.policy))
        (self.checkout / "inv").write_text(text.replace(":/usr/local/sbin:/usr/sbin:/sbin", ""))
        shutil.copymode(ROOT / "inv", self.checkout / "inv")

    def program(self, name: str, text: str) -> None:
        """A program on the PATH."""
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def inv(self, *words: str, by: str = "", cwd: Path | None = None, **env: str) -> run.Result:
        """Run it by its path, or by the path `by`."""
        argv = [by or str(self.checkout / "inv"), *words]
        env = {"PATH": str(self.bin), "GOLDEN_PYTHON": "", **env}
        return run.run(argv, cwd=cwd or self.place, env=env, check=False)

    def heard(self) -> list[str]:
        """What python3 and apt-get were started for since this was asked last."""
        lines = self.told.read_text().splitlines() if self.told.exists() else []
        self.told.unlink(missing_ok=True)
        return lines

    def made(self) -> int:
        """How many venvs were made since `heard` was asked last."""
        return len([line for line in self.heard() if line.startswith("python3 -m venv")])

    def installed(self) -> list[str]:
        """The packages that apt-get was asked for since `heard` was asked last."""
        lines = [line.split() for line in self.heard()]
        return [p for words in lines if words[:2] == ["apt-get", "install"] for p in words[4:]]

"""The target metal: this host serves the netboot of real machines and follows them.

Read in this order: `target` (the interface of all targets), `register` (the state of each machine),
`server` (HTTP), `dhcp` (dnsmasq), `following` (first boot over ssh), `rehearsal` (blank emulated
machines on a network of their own). The machines run scripts/installer/, made bootable by
golden/installer/.
"""

from __future__ import annotations

from golden.boot.target import Declaration, Option, Target


def _load() -> type[Target]:
    from golden.boot.metal.target import Metal

    return Metal


OPTIONS = (
    Option("interface", "this host's interface to the machines' network"),
    Option("shared", "also serve on the interface with the host's default route", bool),
    Option("reinstall", "overwrite disks that hold a finished image of this project", bool),
    Option("force", "overwrite the disk with this serial number or WWN, whatever it holds", list),
    Option("wipe_state", "throw the state on the disk with this serial number or WWN away", list),
)
DECLARED = Declaration(_load, OPTIONS)

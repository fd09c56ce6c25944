"""Choose the accelerator of machines on another host by running a guest there."""

from __future__ import annotations

import functools
import tempfile
import time
from pathlib import Path

from golden import log
from golden.boot import accelerator
from golden.boot.accelerator import Accelerator
from golden.boot.libvirt import disks, ownership
from golden.boot.libvirt.virsh import Virsh, is_missing
from golden.boot.libvirt.volumes import Pool
from golden.errors import StageError
from golden.render import machines

TRIAL = "_trial"  # no node can be called so
# The guest's own time and that of some logins at the host.
TRIAL_SECONDS = 20.0
POLL_SECONDS = 0.5
# What emulation costs on a host whose speed is not known.
EMULATION_FACTOR = 12.0


@functools.cache
def choose(virsh: Virsh, site: str, pool: str) -> Accelerator:
    """KVM where a guest finishes with it, else emulation; tried once per run."""
    store, name = Pool(virsh, pool), ownership.named(site, TRIAL)
    volume = name + disks.BASE
    try:
        if name in virsh.domains():
            # That of a trial which was killed.
            virsh.say("destroy", name)
        _fill(store, volume)
        reason = _run(virsh, name, machines.trial(name, pool, volume))
    finally:
        store.remove(volume)
    if reason:
        return Accelerator("tcg", reason, EMULATION_FACTOR)
    return Accelerator("kvm", "a guest ran to its end there", 1.0)


def _fill(store: Pool, volume: str) -> None:
    with tempfile.TemporaryDirectory(prefix="golden-trial-") as folder:
        file = Path(folder) / "guest.raw"
        file.write_bytes(accelerator.guest_disk())
        # A trial that was killed may have left one.
        store.remove(volume)
        store.create(volume, file.stat().st_size, form="raw")
        store.fill(volume, file, log.detail)


def _run(virsh: Virsh, name: str, xml: bytes) -> str:
    """Run the guest and remove it; return why it did not finish, or an empty text."""
    try:
        virsh.say("create", "--validate", "/dev/stdin", stdin=xml)
    except StageError as error:
        return f"KVM fails there: {(error.tail or [error.message])[-1]}"
    deadline = time.monotonic() + TRIAL_SECONDS
    while time.monotonic() < deadline:
        try:
            virsh.state(name)
        except StageError as error:
            if is_missing(error):
                return ""
            raise
        time.sleep(POLL_SECONDS)
    virsh.say("destroy", name)
    return f"a guest with KVM did not come to its end there within {TRIAL_SECONDS:.0f} s"

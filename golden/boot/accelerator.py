"""Choose the machines' accelerator by running a guest, not by looking for /dev/kvm.

On a host without complete nested virtualisation /dev/kvm opens and the guest hangs
(docs/wheezy.md W15.2), so a guest of one boot sector must finish within seconds. The answer
is kept until the host reboots.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from golden import daemon, run, rundir
from golden.boot.disks import option
from golden.errors import StageError, UserError
from golden.paths import CACHE

QEMU = "qemu-system-x86_64"
HOST_CPU = "host"
KVM = Path("/dev/kvm")
PROBE_SECONDS = 5.0
# The emulated CPU calls itself the first Atom, which executes in order: the kernel knows that it
# needs no page tables of its own against Meltdown, as an AMD does not (under emulation they cost
# 60 % of every fork and exec: 1.3 s against 2.1 s for 40); and of Intel's it believes that the TSCs
# of two processors agree, as QEMU's do, where an AMD with two gets a slow clock. It has none of SSE
# after the third, which QEMU emulates by calls: with them OpenSSL takes twice as long for a
# SHA-256, and ssh's cipher three times (qemu-x86_64, openssl speed).
EMULATED_CPU = "n270"
EMULATED_FEATURES = {
    **dict.fromkeys(("lm", "syscall", "cx16", "popcnt", "rdrand"), True),
    **dict.fromkeys(("ssse3", "monitor"), False),
}
DONE = 43  # isa-debug-exit turns the guest's 21 into (21 << 1) | 1

# The guest, GNU as: long mode with paging and a write to EFER (where broken hosts fail or hang), a
# loop, and `out 21` to port 0xf4. Its source is in tests/unit/boot/probe.s, and a test compares.
GUEST = bytes.fromhex(
    "fa31c08ed88ec08ed0bc007cbf0010b9000c6631c066f3abc70600100320c706002003"
    "30c7060030830066b8001000000f22d80f20e00c200f22e066b9800000c00f3280cc01"
    "0f30660f0116887c0f20c0660d010000800f22c0ea5f7c0800b9000000084801cbffc9"
    "75f966baf400b015eef4ebfd0f1f00000000000000000000000000009a20000f00787c0000"
)


@dataclass(frozen=True)
class Accelerator:
    """`name` is kvm or tcg, `reason` why it was chosen, `factor` how much longer a boot takes.

    `cpu` is QEMU's model for KVM: a release's own, where its kernel is too old for the host's.
    """

    name: str
    reason: str
    factor: float
    cpu: str = HOST_CPU

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})"

    @property
    def options(self) -> list[str]:
        """Its options for QEMU."""
        if self.name == "kvm":
            # KVM inside, for Ganeti's machines; QEMU leaves out what the host lacks, and says so.
            nested = "" if self.cpu == HOST_CPU else ",vmx=on,svm=on"
            return ["-accel", "kvm", "-cpu", self.cpu + nested]
        features = (f"{name}={'on' if has else 'off'}" for name, has in EMULATED_FEATURES.items())
        cpu = ",".join((EMULATED_CPU, *features))
        return ["-accel", "tcg,thread=multi,tb-size=256", "-cpu", cpu]

    @property
    def processors(self) -> int:
        """The number of virtual CPUs."""
        return min(2, os.cpu_count() or 1)


def accelerator() -> str:
    """Describe the chosen accelerator, and why. Raises UserError when QEMU is missing."""
    return str(choose())


def choose() -> Accelerator:
    """The accelerator of this host, probed once per boot. Raises UserError when QEMU is missing."""
    program = run.which(QEMU)
    if program is None:
        raise UserError(
            f"{QEMU} is not installed, and the qemu target needs it: "
            "apt-get install qemu-system-x86 (./inv doctor lists all that is missing)"
        )
    key = f"{daemon.boot_id()} {program.stat().st_mtime_ns} {_kvm_access()}"
    file = CACHE / "accelerator.json"
    known = _remembered(file, key)
    if known is None:
        known = _probe()
        _remember(file, key, known)
    return known


def _probe() -> Accelerator:
    reason = _kvm_access()
    if not reason:
        seconds, said = run_guest(["-accel", "kvm", "-cpu", "host"])
        if seconds is not None:
            return Accelerator("kvm", f"a guest ran to its end in {seconds:.1f} s", 1.0)
        reason = f"/dev/kvm is there, but a guest {said}"
    seconds, said = run_guest(["-accel", "tcg", "-cpu", "qemu64"], PROBE_SECONDS * 4)
    if seconds is None:
        raise StageError("boot", f"QEMU runs no guest at all: an emulated one {said}")
    # Emulation is 6 times slower on a host where the guest takes up to half a second.
    return Accelerator("tcg", reason, round(6 * min(4.0, max(1.0, seconds / 0.5)), 1))


def run_guest(options: list[str], timeout: float = PROBE_SECONDS) -> tuple[float | None, str]:
    """Run the probe guest: (seconds, "") when it finished, else (None, what it did instead)."""
    with tempfile.TemporaryDirectory(prefix="golden-probe-") as folder:
        disk = Path(folder) / "guest.raw"
        disk.write_bytes(guest_disk())
        argv = [QEMU, "-machine", "pc", *options, "-m", "64", "-nodefaults", "-vga", "none"]
        argv += ["-display", "none", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
        argv += ["-drive", f"if=virtio,format=raw,readonly=on,file={option(disk)}"]
        began = time.monotonic()
        try:
            result = run.run(argv, timeout=timeout, check=False, stage="boot")
        except StageError:
            return None, f"did not come to its end within {timeout:.0f} s"
        if result.code == DONE:
            return time.monotonic() - began, ""
        said = (result.out.strip().splitlines() or [f"exit code {result.code}"])[-1]
        return None, f"failed: {said}"


def guest_disk() -> bytes:
    """The probe guest's disk: SeaBIOS takes none smaller than a track."""
    return GUEST.ljust(510, b"\0") + b"\x55\xaa" + bytes(1024 * 1024 - 512)


def _kvm_access() -> str:
    """Why /dev/kvm cannot be opened; empty when it can."""
    if not KVM.exists():
        return "this host has no /dev/kvm"
    if not os.access(KVM, os.R_OK | os.W_OK):
        return "/dev/kvm may not be opened by this user: add the user to the group kvm"
    return ""


def _remembered(file: Path, key: str) -> Accelerator | None:
    try:
        data = json.loads(file.read_text())
        return Accelerator(**data["accelerator"]) if data["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        # No answer yet, or one of another version of this code: probe again.
        return None


def _remember(file: Path, key: str, found: Accelerator) -> None:
    rundir.write(file, {"key": key, "accelerator": asdict(found)})

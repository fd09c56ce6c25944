"""A machine's hardware, as scripts/installer/probe.sh reports it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from golden import log, run
from golden.errors import MALFORMED, StageError, UserError
from golden.paths import SCRIPTS, shown

SCRIPT = SCRIPTS / "installer/probe.sh"
FORMAT = 1
MOST_SECONDS = 60.0
_BEGIN = '{"golden-probe"'
_RUN = "./inv metal.probe --host USER@ADDRESS > probe.json"


@dataclass(frozen=True)
class Device:
    """A PCI device: its address, and its IDs as the kernel's `modalias`."""

    slot: str
    modalias: str


@dataclass(frozen=True)
class Disk:
    """A disk; a field it does not report is empty."""

    name: str
    size: int
    serial: str
    wwn: str
    model: str


@dataclass(frozen=True)
class Probe:
    """A machine. `firmware` is bios or uefi, whichever started its kernel; `memory` is in KiB."""

    machine: str
    firmware: str
    memory: int
    devices: tuple[Device, ...]
    disks: tuple[Disk, ...]
    macs: tuple[str, ...]


def read(path: Path) -> Probe:
    """Read the probe in the file `path`. Raises UserError if it holds none."""
    try:
        record = json.loads(path.read_text())
        if record["golden-probe"] != FORMAT:
            raise ValueError("another form")
        return Probe(
            record["machine"],
            record["firmware"],
            int(record["memory_kib"]),
            tuple(Device(one["slot"], one["modalias"]) for one in record["pci"]),
            tuple(
                Disk(one["name"], int(one["bytes"]), one["serial"], one["wwn"], one["model"])
                for one in record["disks"]
            ),
            tuple(one["mac"].lower() for one in record["nics"]),
        )
    except OSError as error:
        raise UserError(f"{shown(path)}: {error.strerror}; make it with: {_RUN}") from error
    except MALFORMED as error:
        raise UserError(f"{shown(path)}: this is no probe; make one with: {_RUN}") from error


def probe_host(host: str = "") -> None:
    """Print the probe of `host` (USER@ADDRESS, over ssh); without one, the script that makes it.

    Raises StageError when ssh fails or its output is no probe.
    """
    script = SCRIPT.read_text()
    if not host:
        log.raw(script)
        return
    if host.startswith("-"):
        raise UserError(f"--host {host}: give USER@ADDRESS")
    words = ["ssh", "-o", "ConnectTimeout=20", "--", host, "sh -s"]
    said = run.run(words, stdin=script, timeout=MOST_SECONDS, stage="probe", apart=True).out
    try:
        # A login may greet before the script begins.
        found = json.loads(said[max(0, said.find(_BEGIN)) :])
    except ValueError:
        raise StageError(
            "probe", f"{host} did not answer with a probe", tail=said.splitlines()[-12:]
        ) from None
    log.raw(json.dumps(found, indent=1))

"""The nodes' disks as volumes of a storage pool, created and filled through libvirt alone."""

from __future__ import annotations

import hashlib
import json
import os
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from golden import run
from golden.boot.disks import stamp
from golden.boot.libvirt.virsh import ENVIRONMENT, Virsh
from golden.errors import StageError, UserError

POLL_SECONDS = 0.2
MIB = 1024 * 1024


@dataclass(frozen=True)
class Pool:
    """The storage pool `name` of a libvirt."""

    virsh: Virsh
    name: str

    def check(self, needed: int) -> None:
        """Raise UserError when the pool is not active or has less than `needed` bytes free."""
        if self.name not in self.virsh.pools():
            raise UserError(
                f"there is no active storage pool '{self.name}' at {self.virsh.uri}; make it with: "
                f"virsh pool-define-as {self.name} dir --target /var/lib/libvirt/images && virsh "
                f"pool-build {self.name} && virsh pool-start {self.name} && virsh pool-autostart "
                f"{self.name}, or name another under libvirt: in the file of the site"
            )
        answer = self.virsh.say("pool-info", "--bytes", self.name).splitlines()
        free = next(int(line.split()[1]) for line in answer if line.startswith("Available:"))
        if free < needed:
            raise UserError(
                f"the storage pool '{self.name}' at {self.virsh.uri} has {free // MIB} MiB free, "
                f"and the nodes' disks need {needed // MIB} MiB to begin with"
            )

    def names(self) -> set[str]:
        """The names of all volumes, ours or not."""
        return set(self.virsh.volumes(self.name))

    def has(self, name: str) -> bool:
        """Whether there is a volume of that name."""
        return name in self.names()

    def create(self, name: str, capacity: int, *, form: str = "qcow2", mode: str = "0600") -> None:
        """Create an empty, sparse volume of `capacity` bytes."""
        self._create(_described(name, capacity, form, mode))

    def create_over(self, name: str, base: str, capacity: int, form: str) -> None:
        """Create an overlay of the volume `base`, whose format is `form`."""
        volume = _described(name, capacity, "qcow2", "0600")
        backing = ET.SubElement(volume, "backingStore")
        ET.SubElement(backing, "path").text = self.virsh.volumes(self.name)[base]
        ET.SubElement(backing, "format", type=form)
        self._create(volume)

    def _create(self, volume: ET.Element) -> None:
        self.virsh.say("vol-create", self.name, "/dev/stdin", stdin=ET.tostring(volume))

    def fill(self, name: str, file: Path, say: Callable[[str], None]) -> None:
        """Upload `file` into the volume, reporting progress to `say`.

        A volume that was not filled to its end is removed.
        """
        words = self.virsh.argv("vol-upload", "--sparse", name, str(file), "--pool", self.name)
        log = file.parent / f"{file.name}.upload.log"
        log.unlink(missing_ok=True)
        child = run.start(words, env=ENVIRONMENT, log=log, stage="boot")
        try:
            while child.poll() is None:
                say(f"{_position(child.pid, file) // MIB} of {file.stat().st_size // MIB} MiB")
                time.sleep(POLL_SECONDS)
            _must_have_ended_well(child, words, log)
        except BaseException:
            run.end(child)
            self.remove(name)
            raise
        log.unlink()

    def read(self, name: str, file: Path) -> None:
        """Download the volume as `file`, with its holes."""
        words = self.virsh.argv("vol-download", "--sparse", name, str(file), "--pool", self.name)
        run.run(words, env=ENVIRONMENT, stage="state")

    def allocated(self, name: str) -> int:
        """How many bytes of the pool the volume takes now."""
        answer = self.virsh.say("vol-info", "--bytes", name, "--pool", self.name).splitlines()
        return next(int(line.split()[1]) for line in answer if line.startswith("Allocation:"))

    def sha256(self, name: str) -> str:
        """The SHA-256 of what is in the volume, in hexadecimal. Raises StageError."""
        reader, writer = os.pipe()
        words = self.virsh.argv("vol-download", name, f"/dev/fd/{writer}", "--pool", self.name)
        with os.fdopen(reader, "rb") as stream:
            child = run.start(words, env=ENVIRONMENT, stage="boot", pass_fds=(writer,))
            os.close(writer)
            found = hashlib.sha256()
            while piece := stream.read(MIB):
                found.update(piece)
        if code := child.wait():
            raise StageError("boot", "the volume cannot be read", command=words, code=code)
        return found.hexdigest()

    def is_filled(self, name: str, file: Path) -> bool:
        """Whether the volume is as long as `file`: an upload fills it from the beginning."""
        if not self.has(name):
            return False
        answer = self.virsh.say("vol-info", "--bytes", "--physical", name, "--pool", self.name)
        return f"Physical: {file.stat().st_size} bytes" in " ".join(answer.split())

    def remove(self, name: str) -> None:
        """Delete the volume, if there is one of that name."""
        if self.has(name):
            self.virsh.say("vol-delete", name, "--pool", self.name)


def mark(artifact: Path) -> str:
    """A mark of the current content of `artifact`, a new one for each bake."""
    return hashlib.sha256(json.dumps(stamp(artifact)).encode()).hexdigest()[:12]


def virtual_size(artifact: Path) -> int:
    """The virtual size in bytes of the disk in the file `artifact`."""
    answer = run.run(
        ["qemu-img", "info", "--output", "json", artifact], stage="boot", apart=True
    ).out
    return int(json.loads(answer)["virtual-size"])


def _described(name: str, capacity: int, form: str, mode: str) -> ET.Element:
    volume = ET.Element("volume")
    ET.SubElement(volume, "name").text = name
    ET.SubElement(volume, "capacity", unit="bytes").text = str(capacity)
    ET.SubElement(volume, "allocation").text = "0"
    target = ET.SubElement(volume, "target")
    ET.SubElement(target, "format", type=form)
    ET.SubElement(ET.SubElement(target, "permissions"), "mode").text = mode
    return volume


def _position(pid: int, file: Path) -> int:
    """The process's position in `file` (proc(5), fdinfo): virsh itself reports no progress."""
    try:
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            if handle.resolve() == file.resolve():
                info = Path(f"/proc/{pid}/fdinfo/{handle.name}").read_text()
                return int(info.split(maxsplit=2)[1])
    except OSError:
        # It has just ended.
        return 0
    return 0


def _must_have_ended_well(child: run.Process, words: list[str], log: Path) -> None:
    if child.returncode:
        said = log.read_text(errors="replace").splitlines()[-12:]
        raise StageError(
            "boot",
            "the upload failed",
            command=words,
            code=child.returncode,
            tail=said,
            log=log,
        )

"""A libvirt that is a dictionary."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

from golden.boot.libvirt.virsh import Virsh


@dataclasses.dataclass(frozen=True, eq=False)
class Fake(Virsh):
    """Answers what this test's libvirt holds; `done` is what it was told to do."""

    uri: str = "qemu:///system"
    machines: dict[str, str] = dataclasses.field(default_factory=dict)
    stored: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    free: int = 10**12
    done: list[tuple[str, ...]] = dataclasses.field(default_factory=list)

    def say(self, *words: str, stdin: bytes | None = None) -> str:
        match words:
            case ("list", *_):
                return "\n".join(self.machines)
            case ("dumpxml", "--inactive", name):
                return self.machines[name]
            case ("pool-list", *_):
                return "\n".join(self.stored)
            case ("pool-info", *_):
                return f"Name: default\nAvailable:      {self.free}"
            case ("vol-info", "--bytes", *_):
                return "Type: file\nCapacity:   99 bytes\nAllocation: 7 bytes"
            case ("vol-list", pool):
                return "\n".join(f" {name}   /pool/{name}" for name in sorted(self.stored[pool]))
            case ("undefine", "--managed-save", name):
                del self.machines[name]
            case ("define", *_):
                xml = (stdin or b"").decode()
                self.machines[str(ET.fromstring(xml).findtext("name"))] = xml
            case ("vol-create", pool, _):
                self.stored[pool].add(str(ET.fromstring(stdin or b"").findtext("name")))
            case ("vol-delete", name, "--pool", pool):
                self.stored[pool].remove(name)
        self.done.append(words)
        return ""

"""Talk to a libvirt daemon through its own client.

`virsh` rather than the Python binding, which has no wheel: a venv would need a compiler and
libvirt's headers. virsh comes with libvirt, streams volumes and consoles over any connection, and
its commands can be repeated by hand.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from golden import run
from golden.errors import StageError, UserError

# Starting a machine on a busy host; a login at another machine.
ANSWER_SECONDS = 120.0
# The words it is read by.
ENVIRONMENT = {"LC_ALL": "C"}
# Refusals when there is no machine of a name, or none any more.
MISSING = ("failed to get domain", "Domain not found")
RUNNING = ("running", "idle", "paused", "in shutdown", "pmsuspended")


@dataclass(frozen=True)
class Virsh:
    """The libvirt at `uri`. Every command raises StageError when it fails."""

    uri: str

    def argv(self, *words: str) -> list[str]:
        """The command line of the command `words`."""
        return ["virsh", "--quiet", "--connect", self.uri, *words]

    def say(self, *words: str, stdin: bytes | None = None) -> str:
        """Run a command and return its output; `stdin` is its /dev/stdin."""
        argv, seconds = self.argv(*words), ANSWER_SECONDS
        answer = run.run(
            argv, stdin=stdin, env=ENVIRONMENT, stage="boot", timeout=seconds, apart=True
        )
        return answer.out.strip()

    def answers(self) -> None:
        """Raise UserError, with what to do, when there is no client or no daemon."""
        if run.which("virsh") is None:
            raise UserError(
                "virsh is not installed, and the libvirt target needs it: "
                "apt-get install libvirt-clients (./inv doctor lists all that is missing)"
            )
        try:
            self.say("version", "--daemon")
        except StageError as error:
            raise UserError(
                f"no libvirt answers at {self.uri} ({(error.tail or [error.message])[-1]}); start "
                "the system's with: service libvirtd start, or one of this project's own with: "
                "scripts/host/libvirtd start .cache/libvirtd; another machine must let this user "
                "log in by ssh without a password"
            ) from error

    def domains(self) -> list[str]:
        """The names of all machines, running or not, ours or not."""
        return self.say("list", "--all", "--name").split()

    def networks(self) -> list[str]:
        """The names of all networks, active or not."""
        return self.say("net-list", "--all", "--name").split()

    def pools(self) -> list[str]:
        """The names of the active storage pools."""
        return self.say("pool-list", "--name").split()

    def volumes(self, pool: str) -> dict[str, str]:
        """The paths of the volumes of `pool` by name."""
        lines = self.say("vol-list", pool).splitlines()
        return dict(line.split(maxsplit=1) for line in lines if line.strip())

    def domain(self, name: str) -> ET.Element:
        """The definition of the machine called `name`."""
        return ET.fromstring(self.say("dumpxml", "--inactive", name))

    def state(self, name: str) -> str:
        """The machine's state in libvirt's terms: `running`, `paused`, `shut off`, …"""
        return self.say("domstate", name)


def is_missing(error: StageError) -> bool:
    """Whether a command failed because there is no machine of that name."""
    return any(words in line for words in MISSING for line in error.tail)

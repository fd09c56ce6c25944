"""A Ganeti instance for the time of a few checks: small, never installed, gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from testinfra.host import Host

from tests.checks.eventually import eventually

# curl's words when a node did not take a connection within Ganeti's five seconds (ganeti:
# lib/rpc/node.py), and luxid's when a job's process took too long to come up: under emulation one
# may be that busy once, one that is gone is so each time.
BUSY, ATTEMPTS = ("Error 28", "Timeout in reading a response"), 3
OS = "golden-check"
# Ganeti wants an OS definition even where nothing is installed; this one is the smallest it takes
# (ganeti-os-interface(7), API version 10, which 2.10 and 3.0 both know).
OS_FOLDER = f"/srv/ganeti/os/{OS}"
MAKE_OS = f"""
set -eu
mkdir -p {OS_FOLDER}
echo 10 > {OS_FOLDER}/ganeti_api_version
for script in create import export rename; do
    printf '#!/bin/sh\\nexit 0\\n' > {OS_FOLDER}/$script
    chmod 755 {OS_FOLDER}/$script
done
"""


def is_busy(said: str) -> bool:
    """Whether it says that Ganeti met a busy node: then what was asked may be asked again."""
    return any(words in said for words in BUSY)


def asked(
    master: Host, command: str, *values: object, again: Callable[[], bool] = lambda: True
) -> str:
    """What Ganeti's `command` about the last of `values` says; asked again on a busy node.

    `again` comes in between, and answers whether there is still something to ask for. Raises
    AssertionError with what the command said when it fails otherwise, or too often.
    """
    # Not its other words: passwords are among them.
    name = " ".join([*command.split()[:2], *map(str, values[-1:])])
    left = ATTEMPTS
    while (said := master.run(f"{command} 2>&1", *values)).rc != 0:
        left -= 1
        assert left and is_busy(said.stdout), f"{name}: {said.stdout}"
        if not again():
            break
    return str(said.stdout)


@dataclass(frozen=True)
class Instance:
    """The instance `name`, known to the cluster of `master`."""

    master: Host
    name: str

    def status(self) -> str:
        """What `gnt-instance list` calls it: ADMIN_down, running, …; "" when there is none."""
        listing = self.master.run("gnt-instance list --no-headers -o status %s", self.name)
        return str(listing.stdout).strip() if listing.rc == 0 else ""

    def errors(self) -> str:
        """Summaries, errors and logs of the failed jobs that were about it."""
        # Why a disk was not removed is in the log alone.
        told = "gnt-job list --no-headers --error -o summary,opresult,oplog"
        lines = str(self.master.run(told).stdout).splitlines()
        return "\n".join(line for line in lines if f"({self.name})" in line)

    def met_a_busy_node(self) -> bool:
        """Whether a node took too long to answer while it was made: it may be asked for again."""
        return is_busy(self.errors())

    def goes(self, ask: Callable[[], object], gone: Callable[[], bool], seconds: float) -> bool:
        """Whether it is `gone` after somebody was asked to remove it; asked again where Ganeti met
        a busy node."""
        for _ in range(ATTEMPTS):
            failed = self.errors().count("INSTANCE_REMOVE(")
            ask()
            eventually(
                lambda n=failed: gone() or self.errors().count("INSTANCE_REMOVE(") > n, seconds, 5
            )
            if gone() or not self.met_a_busy_node():
                break
        return gone()

    def add(self, options: str, *values: object) -> None:
        """Make it by gnt-instance(8), with `options` whose %s are `values`."""

        def again() -> bool:
            self.remove()
            return True

        command = f"gnt-instance add {options} %s"
        asked(self.master, command, *values, self.name, again=again)

    def remove(self) -> None:
        """Remove it, running or not, half made or whole; a no-op when there is none."""
        command = "gnt-instance remove --force --ignore-failures --shutdown-timeout=0 %s"
        if self.status():
            asked(self.master, command, self.name, again=lambda: bool(self.status()))


@contextmanager
def added(
    master: Host, name: str, node: str, nodes: Sequence[str], kvm: bool
) -> Iterator[Instance]:
    """A stopped instance with a 32 MiB plain disk on `node`, one of the cluster's `nodes`.

    Without `kvm` it is emulated. Whatever happens, instance and OS definition are gone in the end;
    and what an interrupted run has left is removed first.
    """
    instance = Instance(master, name)
    instance.remove()
    try:
        on_each(master, nodes, MAKE_OS)
        instance.add(
            "--disk-template=plain --disk=0:size=32M --os-type=%s --no-install "
            "--no-start --no-name-check --no-ip-check --no-conflicts-check --no-nics "
            "--ignore-ipolicy --backend-parameters=minmem=64M,maxmem=64M,vcpus=1 "
            "--hypervisor-parameters=%s --node=%s",
            OS,
            hypervisor_parameters(kvm),
            node,
        )
        yield instance
    finally:
        try:
            instance.remove()
        finally:
            on_each(master, nodes, f"rm -rf {OS_FOLDER}")


@dataclass(frozen=True)
class Machine:
    """What a machine is made of: parameters of snf-image, MiB of disk, networks of its NICs."""

    image: Mapping[str, str]
    disk_mib: int
    networks: tuple[str, ...] = ()


@contextmanager
def spawned(master: Host, name: str, node: str, machine: Machine, kvm: bool) -> Iterator[Instance]:
    """A running instance on `node`, whose disk snf-image wrote; gone in the end, as with `added`.

    The command is the guide's (G190, G217), but for the size of the disk and of the memory, which
    are as small as the image allows.
    """
    instance = Instance(master, name)
    instance.remove()
    nics = " ".join(f"--net {at}:ip=pool,network=%s" for at in range(len(machine.networks)))
    try:
        instance.add(
            "--os-type=snf-image+default --os-parameters=%s "
            "--disk-template=plain --disk=0:size=%s --no-name-check --no-ip-check "
            "--ignore-ipolicy --backend-parameters=minmem=128M,maxmem=128M,vcpus=1 "
            f"--hypervisor-parameters=%s {nics or '--no-nics'} --node=%s",
            parameters(machine.image),
            f"{machine.disk_mib}M",
            f"kvm:kvm_flag={'enabled' if kvm else 'disabled'}",
            *machine.networks,
            node,
        )
        yield instance
    finally:
        instance.remove()


def parameters(image: Mapping[str, str]) -> str:
    """`image` as gnt-instance(8) takes it: commas in values are escaped."""
    return ",".join(f"{name}={value}".replace(",", r"\,") for name, value in image.items())


def on_each(master: Host, nodes: Sequence[str], script: str) -> None:
    """Run `script` on every one of `nodes`, from the master."""
    for node in nodes:
        master.check_output("ssh -o BatchMode=yes %s %s", node, script)


def hypervisor_parameters(kvm: bool) -> str:
    """What makes the instance run here, whatever the cluster's defaults are for."""
    flag = "enabled" if kvm else "disabled"
    return f"kvm:kvm_flag={flag},kernel_path=,boot_order=disk,vnc_bind_address=127.0.0.1"

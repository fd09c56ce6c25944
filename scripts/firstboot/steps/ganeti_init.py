"""Make the Ganeti cluster on this node. Its keys, ids and names cannot be in an image.

The options are the guide's (G172); --enabled-disk-templates is said, because the default includes
DRBD, without whose module the command fails (docs/wheezy.md W14.2). A container has no volume group
either; there Ganeti keeps its disks in files.
"""

import os

from engine import files, ganeti, probe
from engine.failures import CommandError, StepError

from steps import drbd

GUIDE = ("G172", "G174")
SERVICES = ("ganeti",)

SECONDS = 900
RAISE_SECONDS = 120
# How often it is tried where Ganeti's daemons did not answer within the 10 s that it gives them
# (docs/wheezy.md W14.15): an emulated machine, or one with much else to do, needs longer.
TRIES = 3
TOO_SLOW = "didn't answer queries within"
# Kept with the data of which it speaks: a new system disk must know it, too. Not among them, for
# Ganeti makes no cluster where it finds a file.
BEGUN = "/srv/ganeti/init.begun"
KNOWN_HOSTS = ganeti.DATA + "/known_hosts"
HOST_KEY = "/etc/ssh/ssh_host_rsa_key.pub"


def done(ctx):
    return (
        not os.path.exists(ctx.path(BEGUN))
        and ganeti.is_master(ctx)
        and ganeti.allows_files(ctx)
        and not _missing_known_hosts(ctx)
    )


def served(ctx):
    """The master may be another node by now."""
    if ganeti.master_name(ctx) == ctx.node["fqdn"]:
        return _leads(ctx)
    return ganeti.node_daemon_runs(ctx.node["address"])


def run(ctx):
    ganeti.allow_files(ctx)
    if os.path.exists(ctx.path(BEGUN)) or not ganeti.master_name(ctx):
        _init(ctx)
    elif not ganeti.is_master(ctx):
        ctx.services.start("ganeti")
    ctx.wait("Ganeti's master daemons", lambda: _leads(ctx), 300)
    path = ctx.path(KNOWN_HOSTS)
    files.write(path, files.read(path) + "".join(line + "\n" for line in _missing_known_hosts(ctx)))


def _leads(ctx):
    """Whether this is the master, with daemons and address up.

    Its daemon raises the cluster's address once, when it starts: a node daemon that does not answer
    within five seconds then is a line in a log, and nobody tries again (docs/wheezy.md W14.17).
    """
    if not ganeti.master_answers(ctx):
        return False
    if ganeti.has_address(ctx):
        return True
    try:
        ctx.run(["gnt-cluster", "activate-master-ip"], timeout=RAISE_SECONDS)
    except CommandError as error:
        # It is asked again: what kept the daemon from it may last a while.
        ctx.log("the cluster's address is not up: {0}".format(error))
    return False


def command(ctx, templates):
    """The words of `gnt-cluster init`."""
    interface = ctx.seed["network"]["interfaces"][0]
    words = ["gnt-cluster", "init", "--enabled-hypervisors=kvm", "--no-ssh-init", "--no-etc-hosts"]
    return (
        words
        + _storage(ctx, templates)
        + [
            "--enabled-disk-templates=" + ",".join(templates),
            "--nic-parameters",
            "link=" + ctx.seed["bridges"][0]["name"],
            "--default-iallocator",
            "hail",
            "--hypervisor-parameters",
            "kvm:kernel_path=,vnc_bind_address=0.0.0.0",
            "--specs-nic-count",
            "min=0,max=16",
            "--master-netdev",
            interface["name"],
        ]
        + ctx.variable("ganeti_init_options", [])
        + [ctx.seed["cluster"]["name"]]
    )


def _storage(ctx, templates):
    if templates == ["file"]:
        return ["--ipolicy-disk-templates=file", "--file-storage-dir=" + ganeti.FILE_STORAGE]
    group = ctx.seed["volume_group"]["name"]
    metadata = ["--disk-parameters=drbd:metavg=" + group] if "drbd" in templates else []
    return ["--vg-name=" + group] + metadata


def _templates(ctx):
    if ctx.absent("lvm"):
        return ["file"]
    return ["drbd", "plain"] if drbd.done(ctx) else ["plain"]


def _init(ctx):
    _check(ctx)
    if os.path.exists(ctx.path(BEGUN)):
        _remove_leftovers(ctx)
    files.write(ctx.path(BEGUN), "gnt-cluster init\n")
    for left in range(TRIES - 1, -1, -1):
        try:
            ctx.run(command(ctx, _templates(ctx)), timeout=SECONDS)
            break
        except CommandError as error:
            if not left or TOO_SLOW not in error.tail:
                raise
            ctx.log("Ganeti's daemons took longer than it waits for them")
            _remove_leftovers(ctx)
    files.remove(ctx.path(BEGUN))


def _check(ctx):
    """Say beforehand what Ganeti would refuse only after a while, or not name."""
    cluster, interface = ctx.seed["cluster"], ctx.seed["network"]["interfaces"][0]["name"]
    for name, address in (
        (ctx.node["fqdn"], ctx.node["address"]),
        (cluster["name"], cluster["address"]),
    ):
        found = probe.resolved(name)
        if found != address:
            raise StepError(
                "{0} resolves to {1}, not to {2}: see /etc/hosts".format(name, found, address)
            )
    if probe.interface_address(interface) != ctx.node["address"]:
        raise StepError("{0} does not have the address {1}".format(interface, ctx.node["address"]))
    if not os.path.exists(ctx.path(HOST_KEY)):
        raise StepError(HOST_KEY + " is missing, Ganeti reads it")
    # Normally nobody answers; a second is enough for one who does, on the same network.
    taken = probe.tcp(cluster["address"], ganeti.NODE_DAEMON_PORT, seconds=1)
    if not os.path.exists(ctx.path(BEGUN)) and taken:
        raise StepError(
            "the cluster address {0} answers already: another cluster has it".format(
                cluster["address"]
            )
        )


def _remove_leftovers(ctx):
    """An init that was cut is begun anew: nothing has been added to that cluster yet."""
    ctx.log("an earlier gnt-cluster init did not come to its end: removing what it left")
    ctx.run([ctx.path("/usr/lib/ganeti/daemon-util"), "stop-all"])
    for folder in (ganeti.DATA, ganeti.DATA + "/queue"):
        for name in os.listdir(ctx.path(folder)):
            path = os.path.join(ctx.path(folder), name)
            if not os.path.isdir(path):
                files.remove(path)


def _missing_known_hosts(ctx):
    """Ganeti knows all nodes by the cluster's name and only the master's key under it
    (docs/wheezy.md W14.9). The file is copied to each node that joins."""
    known = files.read(ctx.path(KNOWN_HOSTS)).splitlines()
    cluster = ctx.seed["cluster"]["name"]
    lines = [
        "{0} {1}".format(cluster, line.split(None, 1)[1]) for line in ctx.seed["ssh"]["known_hosts"]
    ]
    return [line for line in lines if line not in known]

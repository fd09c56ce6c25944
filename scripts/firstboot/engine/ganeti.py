"""What Ganeti's own files say about the cluster: its commands take seconds under emulation.

config.data is JSON in 2.10 as in 3.0; only the master has it. The ssconf files are on every node.
"""

import glob

from engine import files, probe

DATA = "/var/lib/ganeti"
NODE_DAEMON_PORT = 1811
RAPI_PORT = 5080
QUEUE = DATA + "/queue"
UNFINISHED = ("queued", "waiting", "canceling", "running")
FILE_STORAGE = "/srv/ganeti/file-storage"
FILE_STORAGE_PATHS = "/etc/ganeti/file-storage-paths"


def config(ctx):
    """The cluster's configuration, or None where there is none (yet)."""
    try:
        return files.from_json(files.read(ctx.path(DATA + "/config.data")))
    except ValueError:
        return None


def allow_files(ctx):
    """Where there is no volume group: let this node keep instances' disks as files. Each node must
    allow the folder itself, or the master's `gnt-cluster verify` finds it missing."""
    if ctx.absent("lvm"):
        files.make_folder(ctx.path(FILE_STORAGE), 0o750)
        files.write(ctx.path(FILE_STORAGE_PATHS), FILE_STORAGE + "\n")


def allows_files(ctx):
    """Whether `allow_files` has nothing to do: its list lies on the system disk."""
    if not ctx.absent("lvm"):
        return True
    return files.is_written(ctx.path(FILE_STORAGE_PATHS), FILE_STORAGE + "\n")


def member_names(ctx):
    """The cluster's members as the master has them, which it tells the nodes a moment later."""
    found = config(ctx) or {}
    return [node["name"] for node in found.get("nodes", {}).values()]


def unfinished_jobs(ctx):
    """The numbers of the jobs that Ganeti has yet to end, those of before a power cut among them.

    By the files of its queue, which it writes before it does anything (ganeti: doc/design-2.0).
    """
    jobs = {}
    for path in glob.glob(ctx.path(QUEUE + "/job-*")):
        number = path.rpartition("-")[2]
        if not number.isdigit():
            continue  # Ganeti writes job-1abc.new, and renames it
        try:
            jobs[number] = files.from_json(files.read(path))["ops"]
        except ValueError:
            continue  # cut while it was written; Ganeti leaves it out as well
    waiting = [number for number in jobs if any(op["status"] in UNFINISHED for op in jobs[number])]
    return sorted(waiting, key=int)


def wait_for_jobs(ctx, seconds):
    """Wait until Ganeti has ended all its jobs. Raises StepError."""
    reason = "Ganeti's jobs to end (see: gnt-job list)"
    ctx.wait(reason, lambda: not unfinished_jobs(ctx), seconds, every=2)


def node_names(ctx):
    """The cluster's members as this node knows them."""
    return files.read(ctx.path(DATA + "/ssconf_node_list")).split()


def master_name(ctx):
    """The master as this node knows it; empty where there is no cluster."""
    return files.read(ctx.path(DATA + "/ssconf_master_node")).strip()


def node_daemon_runs(address):
    """Whether the node daemon accepts connections."""
    return probe.tcp(address, NODE_DAEMON_PORT)


def master_answers(ctx):
    """Whether this node is the master of the cluster, with its daemons up."""
    return (
        master_name(ctx) == ctx.node["fqdn"]
        and config(ctx) is not None
        and probe.tcp(ctx.node["address"], RAPI_PORT)
    )


def is_master(ctx):
    """Whether this node is the master of the cluster, with daemons and cluster address up."""
    # Last: an address that nobody has yet keeps us waiting for three seconds.
    return master_answers(ctx) and has_address(ctx)


def has_address(ctx):
    """Whether the cluster's address answers."""
    return node_daemon_runs(ctx.seed["cluster"]["address"])

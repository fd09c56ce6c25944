"""Make the machines' public network, a pool of floating addresses, in Cyclades and in Ganeti.

Its subnet and gateway are the site's `vm_network` and `vm_gateway`. network-create makes another
network each time it is run and only submits jobs to Ganeti (docs/synnefo.md S5.13): what is there
is looked at first, and the jobs are waited for. Jobs of before a power cut, which Ganeti resumes by
itself, come first: the same ones beside them would fail. Cyclades learns how jobs ended from eventd
alone, which does not run yet and never tells of the past, so it is made to look (S13.4).
"""

import re

from engine import ganeti, synnefo
from engine.failures import StepError

GUIDE = ("G249", "G251")
SERVICES = ()
PEER = "ganeti-node"

NAME = "public_network"
FIELDS = ("id", "name", "public", "subnet.ipv4", "gateway.ipv4", "link", "floating_ip_pool")
# BACKEND_PREFIX_ID is part of the name that Cyclades gives a network in Ganeti.
NAME_IN_GANETI = "snf-net-{0}"
# Ganeti sees every 307 s that a job has died in a power cut, and frees its locks every 311 (ganeti:
# LUXID_JOBQUEUE_POLL_INTERVAL, WCONFD_DEATHDETECTION_INTERVALL).
JOB_SECONDS = 900


def done(ctx):
    row = _row(ctx, anew=True)
    return row is not None and _is_connected(ctx, row) and _is_active(ctx, row)


def run(ctx):
    ganeti.wait_for_jobs(ctx, JOB_SECONDS)
    if _row(ctx, anew=True) is None:
        synnefo.manage(ctx, ["network-create"] + _options(ctx))
        ganeti.wait_for_jobs(ctx, JOB_SECONDS)
    row = _row(ctx, anew=True)
    if not _is_connected(ctx, row):
        # Known to Cyclades alone, or added and not connected: a cut came before its jobs, or one
        # failed.
        synnefo.manage(ctx, ["reconcile-networks", "--fix-all"])
        ganeti.wait_for_jobs(ctx, JOB_SECONDS)
    if not _is_connected(ctx, row):
        raise StepError(
            "Ganeti's jobs ended, and network {0} is not connected to every node group; see: "
            "gnt-job list, gnt-job info ID".format(NAME_IN_GANETI.format(row["id"]))
        )
    if not _is_active(ctx, row):
        synnefo.manage(ctx, ["reconcile-networks", "--fix-all"])


def _options(ctx):
    wanted = _wanted(ctx)
    return [
        "--subnet=" + wanted["subnet.ipv4"],
        "--gateway=" + wanted["gateway.ipv4"],
        "--public",
        "--dhcp=True",
        "--flavor=CUSTOM",
        "--link=" + wanted["link"],
        "--mode=bridged",
        "--name=" + wanted["name"],
        "--floating-ip-pool=True",
    ]


def _wanted(ctx):
    return {
        "name": NAME,
        "subnet.ipv4": ctx.variable("vm_network", "10.0.0.0/24"),
        "gateway.ipv4": ctx.variable("vm_gateway", "10.0.0.1"),
        "link": ctx.seed["bridges"][0]["name"],
        "floating_ip_pool": "True",
    }


def _row(ctx, anew):
    """The network as Cyclades knows it, or None. Raises StepError when it is not as it shall be."""
    wanted = _wanted(ctx)
    rows = [
        row
        for row in synnefo.listing(ctx, "network-list", FIELDS, ["--public"], anew=anew)
        if row["name"] == NAME or row["subnet.ipv4"] == wanted["subnet.ipv4"]
    ]
    if len(rows) > 1:
        raise StepError(
            "there are {0} networks called {1} or with the subnet {2}: {3}; leave one "
            "with: snf-manage network-remove ID".format(
                len(rows),
                NAME,
                wanted["subnet.ipv4"],
                ", ".join(
                    "{id} {name} {subnet.ipv4}".replace(".ipv4", "").format(
                        id=row["id"], name=row["name"], subnet=row["subnet.ipv4"]
                    )
                    for row in rows
                ),
            )
        )
    for row in rows:
        synnefo.refuse_difference(
            "network {0} ({1})".format(row["id"], row["name"]),
            row,
            wanted,
            "correct the site's vm_network, or remove the network",
        )
    return rows[0] if rows else None


def _is_connected(ctx, row):
    """Whether Ganeti has the network and each node group is connected to it."""
    config = ganeti.config(ctx) or {}
    name = NAME_IN_GANETI.format(row["id"])
    keys = [key for key, network in config.get("networks", {}).items() if network["name"] == name]
    groups = config.get("nodegroups", {}).values()
    return bool(keys) and all(keys[0] in group.get("networks", {}) for group in groups)


def _is_active(ctx, row):
    """Whether Cyclades knows that the network is in its backend: the network itself is ACTIVE from
    the moment it is made, what it has in each backend begins PENDING."""
    said = ctx.run(["snf-manage", "network-inspect", str(row["id"])], synnefo.SECONDS).text
    return state_in_backend(said, ctx.seed["cluster"]["name"]) == "ACTIVE"


def state_in_backend(said, cluster):
    """The state in the row of `cluster` that network-inspect shows; None without a row.

    It shows the cluster's name again in a title below.
    """
    rows = said.partition("in DB for each backend")[2].partition("State of network in backend")[0]
    for line in rows.splitlines():
        words = re.split(r"[\s|]+", line.strip())
        if cluster in words[:-1]:
            return words[words.index(cluster) + 1]
    return None

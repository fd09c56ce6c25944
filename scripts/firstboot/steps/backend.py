"""Add this site's Ganeti cluster to Cyclades and let it be used.

backend-add makes a write call with the credentials and compares the cluster's name, so it needs the
master's daemons up. It adds the cluster drained; its id is looked up (docs/synnefo.md S5.12).
"""

from engine import ganeti, probe, synnefo

from steps import rapi_user

GUIDE = ("G244", "G246", "G247", "G248")
SERVICES = ()
# Its remote API may be slow to answer, too: Ganeti ends a handshake that takes it too long.
PEER = "ganeti-master"

FIELDS = ("id", "clustername", "port", "username", "drained", "disk_templates")
RAPI_SECONDS = 300


def done(ctx):
    row = _row(ctx, anew=True)
    return row is not None and row["drained"] == "False" and _has_templates(row)


def run(ctx):
    cluster = ctx.seed["cluster"]
    ctx.wait(
        "Ganeti's remote API at " + cluster["name"],
        lambda: probe.tcp(cluster["address"], ganeti.RAPI_PORT),
        RAPI_SECONDS,
    )
    row = _row(ctx, anew=False)
    if row is None:
        synnefo.manage(
            ctx,
            [
                "backend-add",
                "--clustername=" + cluster["name"],
                "--user=" + rapi_user.USER,
                "--pass=" + ctx.secret("rapi_password"),
            ],
        )
        row = _row(ctx, anew=True)
    if row["drained"] != "False":
        synnefo.manage(ctx, ["backend-modify", "--drained", "False", row["id"]])
    synnefo.manage(ctx, ["backend-update-status"])


def _row(ctx, anew):
    rows = synnefo.listing(ctx, "backend-list", FIELDS, anew=anew)
    row = synnefo.by_name(rows, ctx.seed["cluster"]["name"], "clustername")
    if row is not None:
        synnefo.refuse_difference(
            "backend " + row["clustername"],
            row,
            {"username": rapi_user.USER, "port": str(ganeti.RAPI_PORT)},
            "correct it with: snf-manage backend-modify --username NAME --port PORT " + row["id"],
        )
    return row


def _has_templates(row):
    return row["disk_templates"] not in ("", "None", "[]")

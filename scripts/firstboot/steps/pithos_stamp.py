"""Note in Pithos's database that it is of the newest version, when another node has made it.

A database that has a version is never stamped: it would hide migrations that were not run.
"""

from engine import sql

from steps import schema

GUIDE = ("G144",)
SERVICES = ()
PEER = "postgresql"

DATABASE = "snf_pithos"
STAMPED = "EXISTS (SELECT 1 FROM alembic_version)"
SCHEMA_SECONDS = 1500


def done(ctx):
    return schema.complete(ctx) and sql.is_true(ctx, DATABASE, STAMPED)


def run(ctx):
    ctx.wait(
        "{0} database tables".format(ctx.host_of("postgresql")["name"]),
        lambda: schema.complete(ctx),
        SCHEMA_SECONDS,
        every=3,
    )
    if not sql.is_true(ctx, DATABASE, STAMPED):
        ctx.run(["pithos-migrate", "stamp", "head"], timeout=300)

"""Note in Pithos's database that it is of the newest version, when another node has made it.

A database that has a version is never stamped, which would hide migrations that were not run: if it
is that of an older Synnefo, they are run.
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
    return schema.complete(ctx) and schema.is_current(ctx, DATABASE, STAMPED)


def run(ctx):
    ctx.wait(
        "{0} database tables".format(ctx.host_of("postgresql")["name"]),
        lambda: schema.complete(ctx),
        SCHEMA_SECONDS,
        every=3,
    )
    word = "upgrade" if _is_stamped(ctx) else "stamp"
    ctx.run(["pithos-migrate", word, "head"], timeout=900)
    schema.note(ctx, DATABASE)


def _is_stamped(ctx):
    return sql.is_true(ctx, DATABASE, STAMPED)

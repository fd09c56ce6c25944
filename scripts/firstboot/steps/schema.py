"""Put the tables into the empty databases. They are made while baking; the databases are not.

The image has dumps of them (scripts/bake/schema.sh), each of which is loaded whole or not at all.
Without them the guide's commands make the tables, which are slow and safe to repeat.
"""

import glob
import os

from engine import files, sql, synnefo

# Of the guide's actions G104 to G109 and G241 to G243 the role `schema` is the home.
GUIDE = ()
SERVICES = ()

DUMPS = "/usr/lib/golden/schema/*.sql"
# Beside the data of which it speaks: a new system disk must know it, too.
BEGUN = "/var/lib/postgresql/schema.begun"
DATABASE = "snf_apps"
# South's list of the migrations that were run has these applications.
COMPLETE = (
    "(SELECT count(DISTINCT app_name) FROM south_migrationhistory"
    " WHERE app_name IN ('im', 'quotaholder_app', 'oa2', 'db', 'userdata')) = 5"
)
EMPTY = "NOT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public')"


def done(ctx):
    return not os.path.exists(ctx.path(BEGUN)) and complete(ctx) and not _loadable(ctx)


def run(ctx):
    for database, path in _loadable(ctx):
        sql.load(ctx, database, path)
    if os.path.exists(ctx.path(BEGUN)) or not complete(ctx):
        _make(ctx)


def complete(ctx):
    """Whether the applications have their tables; any node may ask."""
    return sql.is_true(ctx, DATABASE, COMPLETE)


def _loadable(ctx):
    """Databases without a table, each with its dump.

    The applications' are last: they are `complete` when all is there, and not while other nodes
    could still get in between (pithos_stamp).
    """
    dumps = [(os.path.basename(path)[: -len(".sql")], path) for path in glob.glob(ctx.path(DUMPS))]
    dumps.sort(key=lambda dump: (dump[0] == DATABASE, dump))
    return [dump for dump in dumps if sql.is_true(ctx, dump[0], EMPTY)]


def _make(ctx):
    files.write(ctx.path(BEGUN), "snf-manage migrate\n")
    synnefo.manage(ctx, ["syncdb", "--noinput"])
    synnefo.manage(ctx, ["migrate"])
    # It says 0 whatever happens (docs/synnefo.md S5.2), and nothing depends on it.
    # `loaddata groups` is left out: no such fixture exists.
    synnefo.manage(ctx, ["loaddata", "flavors"])
    files.remove(ctx.path(BEGUN))

"""Put the tables into the empty databases, and migrate those of an older Synnefo.

The tables are made while baking; the databases are not. The image has dumps of them
(scripts/bake/schema.sh), each of which is loaded whole or not at all. Without them the guide's
commands make the tables, which are slow and safe to repeat. A comment in each database says for
which Synnefo it is; state that another image has left (docs/state.md) is migrated until it says
this one's.
"""

import glob
import os

from engine import files, quoting, sql, synnefo

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
# In each database, the list of the migrations that were run, which has the comment.
LISTS = {DATABASE: "south_migrationhistory", "snf_pithos": "alembic_version"}


def done(ctx):
    return not os.path.exists(ctx.path(BEGUN)) and complete(ctx) and not _loadable(ctx)


def run(ctx):
    for database, path in _loadable(ctx):
        sql.load(ctx, database, path)
        note(ctx, database)
    if os.path.exists(ctx.path(BEGUN)) or not complete(ctx):
        _make(ctx)


def complete(ctx):
    """Whether the applications have their tables, those of this Synnefo; any node may ask."""
    return is_current(ctx, DATABASE, COMPLETE)


def is_current(ctx, database, condition):
    """Whether `condition` holds in `database`, whose tables are noted to be of this Synnefo."""
    described = "obj_description('{0}'::regclass, 'pg_class')".format(LISTS[database])
    # One question: every start of psql costs seconds on an emulated node.
    return sql.is_true(ctx, database, "{0} = {1} AND {2}".format(described, _ours(ctx), condition))


def note(ctx, database):
    """Note that the tables of `database` are those of this Synnefo. Raises CommandError."""
    sql.rows(ctx, database, "COMMENT ON TABLE {0} IS {1}".format(LISTS[database], _ours(ctx)))


def _ours(ctx):
    return quoting.sql("Synnefo " + ctx.image["versions"]["synnefo"])


def _loadable(ctx):
    """Databases without a table, each with its dump.

    The applications' are last: they are `complete` when all is there, and not while other nodes
    could still get in between (pithos_stamp).
    """
    dumps = [(os.path.basename(path)[: -len(".sql")], path) for path in glob.glob(ctx.path(DUMPS))]
    dumps.sort(key=lambda dump: (dump[0] == DATABASE, dump))
    return [dump for dump in dumps if sql.is_true(ctx, dump[0], EMPTY)]


def _make(ctx):
    if not sql.is_true(ctx, DATABASE, COMPLETE):
        files.write(ctx.path(BEGUN), "snf-manage migrate\n")
    synnefo.manage(ctx, ["syncdb", "--noinput"])
    synnefo.manage(ctx, ["migrate"])
    # Only new tables get them: in older ones an administrator may have changed them.
    if os.path.exists(ctx.path(BEGUN)):
        # It says 0 whatever happens (docs/synnefo.md S5.2), and nothing depends on it.
        # `loaddata groups` is left out: no such fixture exists.
        synnefo.manage(ctx, ["loaddata", "flavors"])
        files.remove(ctx.path(BEGUN))
    note(ctx, DATABASE)

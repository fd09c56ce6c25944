"""Make the database cluster, the role and the two databases of Synnefo.

Every node needs its own system identifier, and the password is the site's. The configuration is in
the image; so `initdb` is used, as pg_createcluster refuses where one exists already.
"""

import glob
import os

from engine import probe, quoting
from engine.failures import StepError

GUIDE = ("G011", "G012", "G013", "G014", "G015", "G018")
SERVICES = ("postgresql",)

PORT = 5432
ROLE = "synnefo"
DATABASES = ("snf_apps", "snf_pithos")
# True for a database as the guide wants it, in which the role may make tables: from version 15 on
# the schema public is no longer open to everybody (docs/wheezy.md W13.6).
QUESTION = (
    "SELECT pg_encoding_to_char(encoding) = 'UTF8' AND datcollate = 'C' AND datctype = 'C'"
    " AND has_schema_privilege('public', 'CREATE')"
    " AND has_database_privilege(current_database(), 'CREATE')"
    " FROM pg_database WHERE datname = current_database();"
)


def done(ctx):
    """Log in as the role over the network, as the applications do, and look at both databases."""
    address = ctx.node["address"]
    if not probe.tcp(address, PORT):
        return False
    argv = ["psql", "-qAtXw", "-v", "ON_ERROR_STOP=1", "-h", address, "-U", ROLE, "-d", "postgres"]
    env = {"PGPASSWORD": ctx.secret("database_password"), "PGCONNECT_TIMEOUT": "10"}
    answers = ctx.run(argv, stdin=_in_each(QUESTION), env=env, check=False).text.split()
    return answers == ["t"] * len(DATABASES)


def run(ctx):
    _make_cluster(ctx, _version(ctx))
    ctx.services.start("postgresql")
    ctx.wait("PostgreSQL", lambda: probe.tcp(ctx.node["address"], PORT), 120)
    known = _psql(ctx, "SELECT rolname FROM pg_roles UNION SELECT datname FROM pg_database;")
    _psql(ctx, statements(known.text.split(), ctx.secret("database_password")))


def statements(known, password):
    """The SQL that makes what is not among the names `known`; it may be cut after any statement."""
    verb = "ALTER" if ROLE in known else "CREATE"
    yes = ["{0} ROLE {1} LOGIN PASSWORD {2};".format(verb, ROLE, quoting.sql(password))]
    for database in DATABASES:
        if database not in known:
            yes.append(
                "CREATE DATABASE {0} WITH ENCODING 'UTF8' LC_COLLATE='C' LC_CTYPE='C' "
                "TEMPLATE=template0;".format(database)
            )
        yes.append("GRANT ALL PRIVILEGES ON DATABASE {0} TO {1};".format(database, ROLE))
    return "\n".join(yes) + "\n" + _in_each("GRANT ALL ON SCHEMA public TO {0};".format(ROLE))


def _in_each(sql):
    """A psql script that says `sql` in each database: every start of psql costs two seconds."""
    return "".join("\\connect {0}\n{1}\n".format(database, sql) for database in DATABASES)


def _version(ctx):
    found = glob.glob(ctx.path("/etc/postgresql/*/main/postgresql.conf"))
    if len(found) != 1:
        raise StepError(
            "one PostgreSQL configuration is wanted in /etc/postgresql, not {0}: {1}".format(
                len(found), ", ".join(found)
            )
        )
    return found[0].split(os.sep)[-3]


def _make_cluster(ctx, version):
    data = "/var/lib/postgresql/{0}/main".format(version)
    if os.path.exists(os.path.join(ctx.path(data), "PG_VERSION")):
        return
    # Made beside its place and moved there whole: a cut leaves no half cluster that looks like one.
    new = data + ".new"
    ctx.run(["rm", "-rf", new])
    initdb = "/usr/lib/postgresql/{0}/bin/initdb".format(version)
    ctx.run(
        _as_postgres(
            [initdb, "--pgdata", new, "--encoding", "UTF8", "--locale", "C", "--auth", "peer"]
        ),
        timeout=300,
    )
    ctx.run(["sync"])
    os.rename(ctx.path(new), ctx.path(data))


def _psql(ctx, sql):
    # SQL goes through standard input: arguments, and passwords in them, are seen by everybody.
    return ctx.run(_as_postgres(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1"]), stdin=sql)


def _as_postgres(argv):
    # The words are ours and need no quoting.
    return ["su", "-s", "/bin/sh", "postgres", "-c", " ".join(argv)]

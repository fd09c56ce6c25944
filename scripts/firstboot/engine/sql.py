"""Questions to Synnefo's databases as their own role, with psql: what no command of Synnefo tells.

They go over the network and with the site's password, as the applications' do.
"""

import os
import tempfile

from engine import files, probe

PORT = 5432
ROLE = "synnefo"
SECONDS = 120


def rows(ctx, database, statement):
    """The answer to `statement`, each row as a list of texts. Raises CommandError."""
    text = _psql(ctx, database, ["-F", "\t", "-c", statement]).text
    return [line.split("\t") for line in text.splitlines() if line]


def secret(ctx, database, statement):
    """The one value of `statement`, or None; it is never in the log. Raises CommandError."""
    handle, path = tempfile.mkstemp(prefix="firstboot-")
    os.close(handle)
    try:
        _psql(ctx, database, ["-o", path, "-c", statement])
        text = files.read(path).strip()
    finally:
        files.remove(path)
    ctx.hide(text)
    return text or None


def is_true(ctx, database, condition):
    """Whether the SQL `condition` holds; no when the server or the database is not there (yet).

    It goes through standard input, as arguments, and secrets in them, are seen by everybody.
    """
    if not probe.tcp(_host(ctx)["address"], PORT):
        return False
    answer = _psql(ctx, database, [], "SELECT {0};\n".format(condition), check=False)
    return answer.code == 0 and answer.text.strip() == "t"


def load(ctx, database, path):
    """Run the SQL file `path` in one transaction: all of it or nothing. Raises CommandError.

    As postgres, on its own node: pg_dump of 9.1 writes what only the superuser may do.
    """
    argv = [
        "psql",
        "-qAtX",
        "-v",
        "ON_ERROR_STOP=1",
        "-1",
        "-o",
        "/dev/null",
        "-d",
        database,
        "-f",
        path,
    ]
    ctx.run(["su", "-s", "/bin/sh", "postgres", "-c", " ".join(argv)], timeout=900)


def _host(ctx):
    return ctx.host_of("postgresql")


def _psql(ctx, database, options, statements="", check=True):
    argv = [
        "psql",
        "-qAtX",
        "-w",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        _host(ctx)["address"],
        "-U",
        ROLE,
        "-d",
        database,
    ] + options
    env = {
        "PGPASSWORD": ctx.secret("database_password"),
        "PGCONNECT_TIMEOUT": "10",
        # Notices, such as that of a table that exists, are no answer.
        "PGOPTIONS": "--client-min-messages=warning",
    }
    return ctx.run(argv, SECONDS, statements, env, check)

"""The settings that daemons have in effect, asked of the daemons and not of their files."""

import glob
import os

from guest import run, text

# What none of the image's files set, and what roles or databases set for themselves. A path of the
# command line is Debian's pg_ctlcluster's; the others are the session's own. Before PostgreSQL 15
# the limit of the process's stack counts as "environment variable".
SETTINGS = """
SELECT 'set', name || ' = ' || setting || ' by ' || source || coalesce(' in ' || sourcefile, '')
  FROM pg_settings WHERE source NOT IN ('default', 'override', 'client', 'session')
   AND coalesce(sourcefile, '') NOT LIKE '/etc/postgresql/%'
   AND NOT (name = 'max_stack_depth' AND source = 'environment variable');
SELECT 'set', array_to_string(setconfig, ', ') || ' by ALTER ROLE or DATABASE'
  FROM pg_db_role_setting;
SELECT 'on', name FROM pg_settings
 WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum') AND setting = 'on';
SELECT 'role', rolname FROM pg_roles WHERE rolname NOT LIKE E'pg\\\\_%';
SELECT 'superuser', rolname FROM pg_roles WHERE rolsuper OR rolcreaterole OR rolcreatedb;
SELECT 'database', datname FROM pg_database WHERE datallowconn AND NOT datistemplate;
SELECT 'loaded', extract(epoch FROM pg_conf_load_time());
"""


def postgresql():
    """{what: values} of SETTINGS, and the files that changed since the server read them."""
    argv = ["su", "-s", "/bin/sh", "postgres", "-c", "psql -qAtX -v ON_ERROR_STOP=1"]
    code, out = run(argv, stdin=SETTINGS)
    if code != 0:
        return {"error": " ".join(out.split())[-400:]}
    found = {"set": [], "on": [], "role": [], "superuser": [], "database": []}
    loaded = 0.0
    for line in out.splitlines():
        what, _, value = line.partition("|")
        if what == "loaded":
            loaded = float(value)
        elif what in found:
            found[what].append(value)
    found["set"] += altered()
    files = glob.glob("/etc/postgresql/*/main/*.conf")
    found["unread"] = [path for path in sorted(files) if os.stat(path).st_mtime > loaded]
    return {what: sorted(values) for what, values in found.items()}


def altered():
    """What ALTER SYSTEM wrote: some of it takes effect only when the server starts again."""
    texts = [text(path) for path in glob.glob("/var/lib/postgresql/*/main/postgresql.auto.conf")]
    lines = "\n".join(texts).splitlines()
    return [line + " by ALTER SYSTEM" for line in lines if line.strip() and line[0] != "#"]


def rabbitmq():
    """{"users": {name: tags}, "permissions": [rows], "policies": [rows]} of the broker."""
    lists = {}
    for what in ("list_users", "list_permissions", "list_policies"):
        code, out = run(["rabbitmqctl", "-q", what])
        # Policies came with 3.0; of what it does not know 2.8 says this (docs/wheezy.md W13.22).
        if code != 0 and "invalid command" not in out:
            return {"error": "{0}: {1}".format(what, " ".join(out.split())[-300:])}
        rows = [line.split("\t") for line in out.splitlines() if "\t" in line]
        # 3.10 has a line of titles, 2.8 none.
        lists[what] = [row for row in rows if row[0] not in ("user", "vhost")] if code == 0 else []
    return {
        "users": {row[0]: row[1].strip("[]") for row in lists["list_users"]},
        "permissions": lists["list_permissions"],
        "policies": lists["list_policies"],
    }


def vnc_users():
    """Whom the VNC proxy lets in."""
    lines = text("/var/lib/vncauthproxy/users").splitlines()
    return sorted(line.partition(":")[0] for line in lines if line.strip())


def apache():
    """ "" or why Apache would not start again with what it would read."""
    code, out = run(["apache2ctl", "-t"])
    return "" if code == 0 else " ".join(out.split())[-400:]


ASKED = {
    "postgresql": postgresql,
    "rabbitmq": rabbitmq,
    "vncauthproxy": vnc_users,
    "apache": apache,
}


def main(request):
    """{role: what its daemon says} for request["effective"]."""
    return {role: ASKED[role]() for role in request["effective"]}

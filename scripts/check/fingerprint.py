"""Counts and names of what first boot made on this node: the same after each first boot."""

import glob
import hashlib
import json
import os
import re
import socket
import subprocess

# What says when something happened, or how often: not what there is.
PASSING = ("oa2_code", "quotaholder_app_commission")
NAMES = {
    "snf_apps": (
        ("im_component", "name"),
        ("im_service", "name"),
        ("im_resource", "name"),
        ("auth_user", "username"),
        ("auth_group", "name"),
        ("oa2_client", "identifier"),
        ("db_network", "name"),
        ("db_backend", "clustername"),
        ("db_flavor", "id"),
    ),
    "snf_pithos": (("containers", "name"), ("objects", "name"), ("images", "name")),
}
TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
GANETI = "/var/lib/ganeti"
# Files to which first boot adds lines, or of which it writes each.
FILES = (
    "/etc/fstab",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/resolv.conf",
    "/etc/network/interfaces",
    "/etc/ssl/certs/ca-certificates.crt",
    "/root/.ssh/authorized_keys",
    "/root/.ssh/known_hosts",
    "/etc/ssh/ssh_known_hosts",
    "/var/lib/ganeti/known_hosts",
    "/var/lib/ganeti/rapi/users",
    "/etc/ganeti/file-storage-paths",
)


# Written by root at first boot; a start of Ganeti's daemons gives it to their user (ganeti:
# tools/ensure_dirs.py).
OWNED_AT_START = (GANETI + "/known_hosts",)


def said(words):
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")
    out, wrong = process.communicate()
    if process.returncode:
        raise RuntimeError("{0}: {1}".format(words, wrong))
    return out.decode("utf-8")


def sql(database, statement):
    script = ["su", "postgres", "-s", "/bin/sh", "-c", 'psql -qAtX -d "$0" -c "$1"', database]
    return said(script + [statement]).split("\n")[:-1]


def database(name):
    """How many rows each table has, and the names of what must not be there twice."""
    tables = [table for table in sql(name, TABLES) if table not in PASSING]
    counts = {table: sql(name, "SELECT count(*) FROM " + table)[0] for table in tables}
    names = {
        table: sorted(sql(name, "SELECT {0} FROM {1}".format(column, table)))
        for table, column in NAMES[name]
        if table in tables
    }
    return {"rows": counts, "names": names}


def ganeti():
    """What the cluster is made of, by its own file on the master."""
    # Other candidates have a copy of the file, and may not ask for jobs.
    if master() != socket.getfqdn():
        return None
    with open(GANETI + "/config.data") as file:
        config = json.load(file)
    networks = config["networks"]
    return {
        "nodes": sorted(node["name"] for node in config["nodes"].values()),
        "networks": sorted(network["name"] for network in networks.values()),
        "groups": {
            group["name"]: sorted(networks[key]["name"] for key in group["networks"])
            for group in config["nodegroups"].values()
        },
        "instances": len(config["instances"]),
        "unfinished": unfinished(),
    }


def master():
    if not os.path.exists(GANETI + "/ssconf_master_node"):
        return None
    with open(GANETI + "/ssconf_master_node") as file:
        return file.read().strip()


def unfinished():
    jobs = said(["gnt-job", "list", "--no-headers", "-o", "id,status"]).splitlines()
    return [line.split()[1] for line in jobs if line.split()[1] not in ("success", "error")]


def broker():
    if not os.path.exists("/usr/sbin/rabbitmqctl"):
        return None
    return {
        what: sorted(said(["rabbitmqctl", "-q", what]).splitlines())
        for what in ("list_users", "list_vhosts", "list_permissions")
    }


def lines(path):
    """How many lines the file has, and those that it has twice."""
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        found = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines()]
    whole = [line for line in found if line and "CERTIFICATE" not in line]
    twice = sorted({line for line in whole if whole.count(line) > 1}) if len(whole) < 500 else []
    status = os.stat(path)
    owner = None if path in OWNED_AT_START else status.st_uid
    return [len(found), [digest(line) for line in twice], oct(status.st_mode), owner]


def digest(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def started():
    """The services that begin at boot."""
    found = glob.glob("/etc/rc[2S].d/S*")
    return sorted({re.sub(r"^S\d\d", "", os.path.basename(path)) for path in found})


def leftovers():
    """Files of a write that was cut short, and of steps that were begun."""
    words = ["find", "/etc", "/var/lib", "/root", "/srv", "-xdev"]
    # What is bound from a state volume is another file system.
    if os.path.isdir("/var/lib/golden-state"):
        words.insert(1, "/var/lib/golden-state")
    return said(words + ["-name", ".firstboot-*", "-o", "-name", "*.begun"]).splitlines()


def main(request):  # noqa: ARG001, each script takes it
    """The fingerprint; of the databases and of Ganeti where they are."""
    markers = glob.glob("/var/lib/firstboot/*/*.done")
    found = {
        "ganeti": ganeti(),
        "broker": broker(),
        "files": {path: lines(path) for path in FILES},
        "started": started(),
        "leftovers": leftovers(),
        "steps": sorted(os.path.basename(path) for path in markers),
    }
    if os.path.exists("/etc/postgresql"):
        found["databases"] = sorted(sql("postgres", "SELECT datname FROM pg_database"))
        found["roles"] = sorted(sql("postgres", "SELECT rolname FROM pg_roles"))
        found["data"] = {name: database(name) for name in sorted(NAMES)}
    return found

"""The daemons of Synnefo: their processes, the VNC proxy's certificate, nfdhcpd's clients."""

import os
import re
import signal
import time

from files import describe
from guest import run, text

NFDHCPD_PID, NFDHCPD_LOG = "/var/run/nfdhcpd/nfdhcpd.pid", "/var/log/nfdhcpd/nfdhcpd.log"
DISPATCHER_LOG = "/var/log/synnefo/dispatcher.log"
CERTIFICATE, KEY = "/var/lib/vncauthproxy/cert.pem", "/var/lib/vncauthproxy/key.pem"
MASTER = "/var/lib/ganeti/ssconf_master_node"
DUMP_SECONDS = 60


def process(pid_file):
    """{"command", "user"} of the process that `pid_file` names; None when there is none.

    A daemon without a terminal has its title, which may name others, as its first argument.
    """
    pid = text(pid_file).strip()
    raw = text("/proc/{0}/cmdline".format(pid)) if pid.isdigit() else ""
    if not raw:
        return None
    owner = describe("/proc/" + pid)
    return {"command": " ".join(raw.split("\0")).strip(), "user": owner["owner"] if owner else ""}


def dump():
    """What nfdhcpd writes to its log when it is sent SIGUSR1; None when it does not run."""
    if process(NFDHCPD_PID) is None:
        return None
    before = len(text(NFDHCPD_LOG))
    os.kill(int(text(NFDHCPD_PID)), signal.SIGUSR1)
    end = time.time() + DUMP_SECONDS
    while time.time() < end and len(text(NFDHCPD_LOG)) == before:
        time.sleep(0.2)
    time.sleep(0.2)
    return text(NFDHCPD_LOG)[before:][-4000:]


def certificate():
    """The VNC proxy's certificate and key: what they are, to whom issued, and whether a pair."""
    found = {"cert": describe(CERTIFICATE), "key": describe(KEY), "subject": "", "pair": False}
    if not (found["cert"] and found["key"]):
        return found
    said = run(["openssl", "x509", "-in", CERTIFICATE, "-noout", "-text"])[1]
    names = re.findall(r"(?:Subject:.*?CN ?= ?|DNS:)([\w.-]+)", said)
    public = run(["openssl", "x509", "-in", CERTIFICATE, "-noout", "-pubkey"])[1]
    found["pair"] = public == run(["openssl", "pkey", "-in", KEY, "-pubout"])[1]
    return dict(
        found,
        names=names,
        linked=[describe(os.path.realpath(CERTIFICATE)), describe(os.path.realpath(KEY))],
    )


def errors(path):
    """The first lines of each traceback in a log; None when there is no log."""
    if not os.path.exists(path):
        return None
    return [line for line in text(path).splitlines() if "Traceback" in line][:5]


def main(request):
    """Nothing where the node has no daemons of Synnefo."""
    asked = request["daemons"]
    found = {"processes": {name: process(path) for name, path in asked.items()}}
    found["ganeti_master"] = text(MASTER).strip()
    found["nfdhcpd_dump"] = dump() if "nfdhcpd" in asked else None
    found["dispatcher_log"] = errors(DISPATCHER_LOG)
    found["vnc"] = certificate() if "vncauthproxy" in asked else None
    return found

"""What the node reaches from here: databases, broker, web servers, RAPI, its siblings by ssh."""

import base64
import re
import socket
import ssl

import amqp
from guest import run

try:
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
except ImportError:
    from httplib import HTTPConnection, HTTPException, HTTPSConnection

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
OK = "ok"


def database(one):
    """`ok`, or what psql said; the password goes through the environment of psql alone."""
    argv = ["psql", "--host", one["host"], "--username", one["user"], "--dbname", one["database"]]
    argv += ["--no-password", "--tuples-only", "--command", "SELECT 1"]
    env = {"PGPASSWORD": one["password"], "PGCONNECT_TIMEOUT": "20"}
    code, out = run(argv, env=env)
    return OK if code == 0 else " ".join(out.split())


def broker(one):
    """`ok`, or why the broker did not let us in."""
    try:
        amqp.login(one["host"], one["port"], one["user"], one["password"], one["vhost"])
    except (amqp.RefusedError, socket.error) as error:
        return str(error)
    return OK


def certificate(name, port=443):
    """What `name` shows on its port, judged by this node's own CA bundle.

    {"verified": bool, "says": text, "pem": leaf certificate}. openssl does it: Python 2.7.3's ssl
    can neither send the name (SNI) nor say why it refused.
    """
    argv = ["openssl", "s_client", "-connect", "{0}:{1}".format(name, port), "-servername", name]
    _, out = run(argv + ["-CAfile", BUNDLE], timeout=120)
    verdict = re.findall("Verify return code: (.*)", out)
    pem = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", out, re.DOTALL)
    return {
        "verified": bool(verdict) and verdict[-1].startswith("0 "),
        "says": verdict[-1] if verdict else " ".join(out.split())[:300],
        "pem": pem[0] if pem else "",
    }


def plain_http(name, port=80):
    """{"status", "location"} of http://name/, or {"error"}."""
    link = HTTPConnection(name, port, timeout=120)
    try:
        link.request("GET", "/")
        answer = link.getresponse()
        return {"status": answer.status, "location": answer.getheader("location") or ""}
    except (HTTPException, socket.error) as error:
        return {"status": 0, "location": "", "error": str(error)}
    finally:
        link.close()


def rapi(one):
    """The status with which Ganeti's RAPI answers a query of its nodes with these credentials."""
    pair = "{0}:{1}".format(one["user"], one["password"]).encode("utf-8")
    headers = {"Authorization": "Basic " + base64.b64encode(pair).decode("ascii")}
    link = insecure(one["host"], one["port"])
    try:
        link.request("GET", "/2/nodes", headers=headers)
        return link.getresponse().status
    except (HTTPException, socket.error) as error:
        return str(error)
    finally:
        link.close()


def insecure(host, port):
    """Ganeti signs its own certificate, so it is not verified; Python 2.7.3 never verifies one."""
    if hasattr(ssl, "_create_unverified_context"):
        context = ssl._create_unverified_context()
        return HTTPSConnection(host, port, timeout=120, context=context)
    return HTTPSConnection(host, port, timeout=120)


def peer(name):
    """`ok` when root logs in to `name` with a key and without a question."""
    options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=60"]
    code, out = run(["ssh"] + options + [name, "hostname", "-f"], timeout=120)
    answer = out.strip().splitlines()[-1:] or [""]
    return OK if code == 0 and answer[0] == name else " ".join(out.split())[-300:]


def main(request):
    """Each thing asked in the request, under the same key and name."""
    return {
        "databases": {one["database"]: database(one) for one in request["databases"]},
        "brokers": {one["host"]: broker(one) for one in request["brokers"]},
        "certificates": {name: certificate(name) for name in request["web"]},
        "http": {name: plain_http(name) for name in request["web"]},
        "rapi": {one["label"]: rapi(one) for one in request["rapi"]},
        "peers": {name: peer(name) for name in request["peers"]},
    }

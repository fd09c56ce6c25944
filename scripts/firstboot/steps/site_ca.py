"""Trust the site's CA, and install this node's certificate and key, which it has signed.

The guide makes a CA with easy-rsa on node1 and a certificate for node1 alone; here the operator's
machine issues both (golden/keys/pki.py), and node2 gets one too (docs/synnefo.md S15.5). A node
without a web server gets none: its image lacks the group that may read the key.

The CA is added as `update-ca-certificates` adds it, so that its next run changes nothing; but
that program looks at each of 140 certificates with several processes: 50 s when emulated.
"""

import os

from engine import files

GUIDE = ("G023", "G024", "G025", "G026", "G027", "G028", "G075", "G076")
SERVICES = ()

# Comes with Apache: images/roles/apache.
READERS = "ssl-cert"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def done(ctx):
    return (
        all(files.is_written(*arguments) for arguments in _files(ctx))
        and os.path.lexists(_link(ctx))
        # Comes last in `run`: with it, the links are there too.
        and ctx.seed["tls"]["ca"] in files.read(ctx.path(BUNDLE))
    )


def run(ctx):
    for arguments in _files(ctx):
        files.write(*arguments)
    link = _link(ctx)
    _make_link(_ca_name(ctx), link)
    certificate = ctx.path(_ca_name(ctx))
    digest = ctx.run(["openssl", "x509", "-noout", "-hash", "-in", certificate]).text.strip()
    _make_link(os.path.basename(link), os.path.join(os.path.dirname(link), digest + ".0"))
    bundle = files.read(ctx.path(BUNDLE))
    if ctx.seed["tls"]["ca"] not in bundle:
        files.write(ctx.path(BUNDLE), bundle + ctx.seed["tls"]["ca"])


def _make_link(target, path):
    if not os.path.lexists(path):
        os.symlink(target, path)


def _ca_name(ctx):
    return "/usr/local/share/ca-certificates/{0}-ca.crt".format(ctx.seed["site"])


def _link(ctx):
    return ctx.path("/etc/ssl/certs/{0}-ca.pem".format(ctx.seed["site"]))


def _files(ctx):
    tls, fqdn = ctx.seed["tls"], ctx.node["fqdn"]
    key = ctx.path("/etc/ssl/private/{0}.key".format(fqdn))
    own = [
        (key, tls["key"], 0o640, "root", READERS),
        (ctx.path("/etc/ssl/certs/{0}.pem".format(fqdn)), tls["certificate"], 0o644),
    ]
    return [(ctx.path(_ca_name(ctx)), tls["ca"], 0o644)] + (own if _serves_web() else [])


def _serves_web():
    try:
        files.gid(READERS)
    except KeyError:
        return False
    return True

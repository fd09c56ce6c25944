"""Trust the site's CA, and install this node's certificate and key, which it has signed.

The guide makes a CA with easy-rsa on node1 and a certificate for node1 alone; here the operator's
machine issues both (golden/pki.py), and node2 gets one too (guide_bug of G027).
"""

from engine import files

GUIDE = ("G023", "G024", "G025", "G026", "G027", "G028", "G075", "G076")
SERVICES = ()

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def done(ctx):
    # The bundle holds each certificate's text as it is.
    return (
        all(files.is_written(*arguments) for arguments in _files(ctx))
        and ctx.seed["tls"]["ca"].strip() in files.read(ctx.path(BUNDLE))
    )


def run(ctx):
    for arguments in _files(ctx):
        files.write(*arguments)
    ctx.run(["update-ca-certificates"], timeout=300)


def _files(ctx):
    tls, fqdn = ctx.seed["tls"], ctx.node["fqdn"]
    ca = "/usr/local/share/ca-certificates/{0}-ca.crt".format(ctx.seed["site"])
    return [
        (ctx.path(ca), tls["ca"], 0o644),
        (ctx.path("/etc/ssl/private/{0}.key".format(fqdn)), tls["key"], 0o640, "root", "ssl-cert"),
        (ctx.path("/etc/ssl/certs/{0}.pem".format(fqdn)), tls["certificate"], 0o644),
    ]

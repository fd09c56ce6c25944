"""The request for each node, derived from the definition and the site's secrets.

The names of databases, users and ports are the guide's own (the ids stand beside them).
"""

from __future__ import annotations

from typing import Any

from golden.check import expected, state, synnefo
from golden.definition import Node, Site
from golden.keys.marks import forms
from golden.keys.secrets import Secrets
from golden.render import render

DATABASES = ("snf_apps", "snf_pithos")  # G011, G014
DATABASE_USER = "synnefo"  # G012
BROKER_USER = "synnefo"  # G037
BROKER_PORT = 5672  # IANA's number for AMQP, RabbitMQ's default
RAPI_PORT = 5080  # ganeti-rapi(8)
# Roles whose daemons are asked for what they have in effect.
EFFECTIVE = ("postgresql", "rabbitmq", "vncauthproxy", "apache")
RAPI_USER = "cyclades"  # docs/wheezy.md W14.7


def questions(site: Site, node: Node, secrets: Secrets) -> dict[str, Any]:
    """The request that the scripts in scripts/check get. It holds passwords: never log it."""
    files = render(site).kinds[node.kind.name].files
    return {
        "paths": sorted({*files, *expected.directories(node.kind)}),
        "services": list(node.kind.services(site.release)),
        "state": state.changing(node.kind, files),
        "spared": state.spared(node.kind),
        "kept": list(node.kind.state),
        "steps": list(node.kind.first_boot),
        "effective": [name for name in EFFECTIVE if node.kind.has(name)],
        "names": expected.names(site),
        "secrets": _must_stay_secret(node, secrets),
        "marks": _marks(node, secrets),
        "databases": _databases(site, secrets),
        "brokers": _brokers(site, node, secrets),
        "web": [one.fqdn for one in site.nodes if one.kind.has("apache")],
        "rapi": _rapi(site, secrets),
        "peers": [one.fqdn for one in site.nodes if one != node],
        **synnefo.questions(site, node, secrets),
    }


def _databases(site: Site, secrets: Secrets) -> list[dict[str, Any]]:
    hosts = [one.fqdn for one in site.nodes if one.kind.has("postgresql")]
    login = {"user": DATABASE_USER, "password": secrets.values["database_password"]}
    return [{"host": host, "database": name, **login} for host in hosts for name in DATABASES]


def _brokers(site: Site, node: Node, secrets: Secrets) -> list[dict[str, Any]]:
    hosts = [one.fqdn for one in site.nodes if one.kind.has("rabbitmq")]
    login = {"user": BROKER_USER, "password": secrets.values["rabbitmq_password"]}
    logins = [{"host": host, **login} for host in hosts]
    if node.kind.has("rabbitmq"):
        # RabbitMQ's built-in account, which newer brokers let in from the same host only.
        logins.append({"host": "127.0.0.1", "user": "guest", "password": "guest"})
    return [{"port": BROKER_PORT, "vhost": "/", **one} for one in logins]


def _rapi(site: Site, secrets: Secrets) -> list[dict[str, Any]]:
    if not any(one.kind.has("ganeti-master") for one in site.nodes):
        return []
    address = {"host": site.cluster.name, "port": RAPI_PORT, "user": RAPI_USER}
    return [
        {"label": "right password", "password": secrets.values["rapi_password"], **address},
        {"label": "wrong password", "password": "wrong", **address},
    ]


def _marks(node: Node, secrets: Secrets) -> list[str]:
    """The same in every form in which a file may hold them."""
    known = set[bytes]().union(*map(forms, _must_stay_secret(node, secrets)))
    return sorted(form.decode() for form in known)


def _must_stay_secret(node: Node, secrets: Secrets) -> list[str]:
    """Every password, and a line out of the middle of each private key this node was given."""
    keys = [secrets.root_key, secrets.folder / f"{node.name}.tls.key"]
    lines = [key.read_text().splitlines() for key in keys if key.exists()]
    return [*secrets.values.values(), *(text[len(text) // 2] for text in lines)]

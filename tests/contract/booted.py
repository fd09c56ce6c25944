"""A booted site, as what the recorded rows are played on: its own programs, its own Apache."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from golden.check import synnefo
from golden.check.connection import Connection
from golden.definition import Site
from golden.keys import secrets
from tests.checks.tunnel import tunnel
from tests.contract.site import Done

SECONDS = 120
MARK = "@done "
# One program of a node; the job comes on stdin: it may hold passwords, which a command line shows.
DRIVER = f"""
import json, subprocess, sys
job = json.load(sys.stdin)
pipe = subprocess.PIPE
child = subprocess.Popen(job["argv"], stdin=pipe, stdout=pipe, stderr=pipe)
texts = [text.decode("utf-8", "replace") for text in child.communicate(job["in"].encode("utf-8"))]
sys.stdout.write({MARK!r} + json.dumps([child.returncode] + texts))
"""


class Booted:
    """Commands over ssh, requests through a tunnel to the Apache of each node."""

    def __init__(self, site: Site, ports: Mapping[str, int]) -> None:
        self.python, self.ports = site.release.python, ports
        self.connection = Connection.to(site.name)

    def command(self, argv: list[str], node: str, stdin: str = "") -> Done:
        """Run a program on a node."""
        words = f"{self.python} -c {shlex.quote(DRIVER)}"
        job = json.dumps({"argv": argv, "in": stdin})
        said = self.connection.run(node, words, stdin=job, timeout=SECONDS)
        return Done(*json.loads(said.out.rpartition(MARK)[2]))

    def ask(self, method: str, url: str, headers: dict[str, str], data: Any) -> requests.Response:
        """A request to the node that `url` names."""
        request = requests.Request(method, url, data=data).prepare()
        request.headers.pop("Content-Type", None)
        host = urlsplit(url).netloc
        request.url = (request.url or "").replace(host, f"127.0.0.1:{self.ports[host]}", 1)
        request.headers.update({"Host": host} | headers)
        with requests.Session() as session:
            # The site's own CA; tests/checks has TLS.
            return session.send(request, allow_redirects=False, timeout=SECONDS, verify=False)

    def settle(self) -> None:
        """No row that is played on a booted site starts a job of Ganeti."""


def given(site: Site, connection: Connection) -> dict[str, str]:
    """The placeholders' values at a booted site."""
    known, found = secrets.load(site).values, connection.run(site.nodes[0].name, "cat .kamakirc")
    token = re.search(r"^token\s*=\s*(\S+)", found.out, re.MULTILINE)
    own = ("rapi_password", "user_password", "oauth2_secret", "cyclades_token", "pithos_token")
    return {
        "node1": site.host_of("astakos").fqdn, "node2": site.host_of("pithos").fqdn,
        "domain": site.domain, "cluster": site.cluster.name, **{name: known[name] for name in own},
        "user_token": token[1] if token else "",
        "no_such_uuid": "00000000-0000-4000-8000-000000000000", "public_network_id": "1",
        "epoch": "1448531245.5", "time_in_100_years": "2126-11-26T09:47:25Z",
    }  # fmt: skip


@contextlib.contextmanager
def booted(site: Site) -> Iterator[Booted]:
    """The booted nodes of `site`. Raises UserError when none is booted."""
    config = Connection.to(site.name).config
    hosts = {site.host_of(name).fqdn: site.host_of(name).name for name in synnefo.COMPONENTS}
    with contextlib.ExitStack() as stack:
        ways = {fqdn: tunnel(config, name, f"{fqdn}:443") for fqdn, name in hosts.items()}
        yield Booted(site, {fqdn: stack.enter_context(way) for fqdn, way in ways.items()})

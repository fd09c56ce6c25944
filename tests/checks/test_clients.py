"""The guide's own client, kamaki of 2015 as it is, and astakosclient, at the booted site.

On the nodes of a rehearsal kamaki is a stand-in; here the real one runs on this host's Python 2.7.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterator

import pytest
from testinfra.host import Host

from golden.check import synnefo
from golden.check.connection import Connection
from golden.check.facts import Facts
from golden.definition import Node
from golden.keys import pki, secrets
from tests.checks.eventually import eventually
from tests.checks.instance import ATTEMPTS, Instance
from tests.checks.subjects import SITE, hosts
from tests.checks.tunnel import tunnel
from tests.contract import clients, everyday
from tests.contract.everyday import Everyday, Kamaki

PYTHON = clients.installed()
pytestmark = [
    pytest.mark.destructive,
    pytest.mark.skipif(not hosts("kamaki"), reason="no node has kamaki's token"),
    pytest.mark.skipif(
        PYTHON is None,
        reason="this host lacks Python 2.7, or the clients for it, which ./inv test installs",
    ),
]
URL = synnefo.url(SITE, "astakos", "/identity/v2.0")
SECONDS = 600


@pytest.fixture(scope="module")
def token(host_of: Callable[[Node], Host]) -> str:
    """The first user's, as first boot wrote it down."""
    text = host_of(hosts("kamaki")[0]).file("/root/.kamakirc").content_string
    found = re.search(r"^token\s*=\s*(\S+)", text, re.MULTILINE)
    assert found, "/root/.kamakirc holds no token"
    return found[1]


@pytest.fixture(scope="module")
def kamaki(
    connection: Connection, token: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kamaki]:
    """kamaki as the first user has it, through the first node."""
    assert PYTHON is not None
    home, first = tmp_path_factory.mktemp("home"), SITE.nodes[0]
    (home / "cert.pem").write_text(pki.ensure(SITE, first, secrets.load(SITE)).ca)
    everyday.configure(home, URL, token)
    names = {SITE.host_of(name).fqdn for name in synnefo.COMPONENTS}
    with contextlib.ExitStack() as stack:
        ports = {
            name: stack.enter_context(tunnel(connection.config, first.name, f"{name}:443"))
            for name in names
        }
        called = (SITE.variables[f"user_{which}_name"] for which in ("first", "last"))
        user = " ".join(called), synnefo.user(SITE)
        addresses = str(SITE.variables["vm_network"]).rpartition(".")[0]
        yield Kamaki(
            PYTHON, home, clients.environment(home, ports), user, synnefo.url(SITE, "pithos"),
            SITE.variables["flavors"][0], f"{addresses}.", lambda: None,
        )  # fmt: skip


class TestEveryday(Everyday):
    def test_astakosclient(self, kamaki: Kamaki, token: str) -> None:
        service = secrets.load(SITE).values["cyclades_token"]
        everyday.astakos(kamaki, URL, token, service)

    def test_a_server_is_refused_where_no_backend_can_make_it(
        self, kamaki: Kamaki, image: str, facts_of: Callable[[Node], Facts]
    ) -> None:
        if not all(facts_of(node).lacks("lvm") for node in hosts("ganeti-node")):
            pytest.skip("the backend can make servers")
        words = "server", "create", "--name", "everyday", "--flavor-id", kamaki.flavor_id
        assert "503" in kamaki(*words, "--image-id", image, code=1).out
        assert "everyday" not in kamaki("server", "list").out

    def test_a_server_s_way(self, kamaki: Kamaki, emulated: None, master: Host) -> None:
        images = kamaki("image", "list").out
        image = re.search(rf"^(\S+) {synnefo.image_name(SITE)}$", images, re.MULTILINE)
        assert image, images

        def has(status: str) -> bool:
            return f"status: {status}" in kamaki("server", "info", server).out

        for _ in range(ATTEMPTS):
            server = everyday.ordered(kamaki, image[1])
            assert eventually(lambda: not has("BUILD"), SECONDS, 5), "it stays in BUILD"
            active, instance = has("ACTIVE"), Instance(master, f"snf-{server}")
            assert active or instance.met_a_busy_node(), instance.errors()[-600:]
            ask = functools.partial(kamaki, "server", "delete", server)
            assert instance.goes(ask, lambda: has("DELETED"), SECONDS), instance.errors()[-600:]
            everyday.deleted(kamaki, server)
            if active:
                return
        pytest.fail(f"Ganeti did not reach a node in time, {ATTEMPTS} times")

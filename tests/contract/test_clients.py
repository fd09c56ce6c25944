"""kamaki 0.13.4 and astakosclient 0.16, as they are, do everyday work with the stand-ins."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract import clients, everyday
from tests.contract.conftest import GIVEN
from tests.contract.everyday import Everyday, Kamaki
from tests.contract.names import Names
from tests.contract.order import user_token
from tests.contract.play import Play
from tests.contract.site import Site, serving, site
from tests.unit.standins import services
from tests.unit.standins.conftest import Cloud
from tests.unit.standins.serving import HOSTS

pytestmark = pytest.mark.slow
URL = f"{HOSTS['node1']}/astakos/identity/v2.0"


@pytest.fixture(scope="module")
def python() -> Path:
    found = clients.install()
    if found is None:
        pytest.skip("NOT RUN: the clients need a Python 2.7 and the package index")
    return found


@pytest.fixture(scope="module")
def first_boot(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site as first boot leaves it, with an eventd and a dispatcher."""
    place = tmp_path_factory.mktemp("clients")
    with services.postgresql() as port, site(Cloud(root, place, port), place) as made:
        act = Play(made, Names(**GIVEN))
        act.run("c001", "c003")
        with serving(made):
            made.start_dispatcher()
            made.start_eventd()
            act.run("c006", "c010")
            act.run("c016")
            act.run("c019", "c049")
            act.run("c369")
            act.run("c377")
            yield made


@pytest.fixture(scope="module")
def kamaki(
    first_boot: Site, python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kamaki]:
    """kamaki, configured for the site as its first user has it."""
    home = tmp_path_factory.mktemp("home")
    names = [host.removeprefix("https://") for host in HOSTS.values()]
    tls = clients.certificate(home, names)
    everyday.configure(home, URL, user_token(first_boot))
    with contextlib.ExitStack() as stack:
        ports = {
            host.removeprefix("https://"): stack.enter_context(
                clients.apache(first_boot.cloud.routes[host], tls)
            )
            for host in HOSTS.values()
        }
        env = clients.environment(home, ports)
        user, pithos = ("First User", "user@rehearsal.test"), f"{HOSTS['node2']}/pithos"
        flavor, addresses = "C1R512D1plain", "10.0.0."
        yield Kamaki(python, home, env, user, pithos, flavor, addresses, first_boot.settle)


class TestEveryday(Everyday):
    def test_a_server_s_way(self, kamaki: Kamaki, image: str) -> None:
        server = everyday.ordered(kamaki, image)
        assert "status: ACTIVE" in kamaki("server", "info", server).out
        kamaki("server", "delete", server)
        everyday.deleted(kamaki, server)

    def test_astakosclient(self, kamaki: Kamaki, first_boot: Site) -> None:
        everyday.astakos(kamaki, URL, user_token(first_boot), GIVEN["cyclades_token"])

"""The contract's site: the unit tests' stand-ins with every service they talk to."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from golden import run
from tests.contract.order import play
from tests.contract.play import Play
from tests.contract.site import site
from tests.unit.pythons import PYTHONS
from tests.unit.standins import services
from tests.unit.standins import site as standins
from tests.unit.standins.conftest import Cloud, cloud, no_bytecode, root

__all__ = ["cloud", "no_bytecode", "root"]
# The clients are Python 2.7; the summary of the unit tests says where there is none.
collect_ignore = [] if "2.7" in PYTHONS else ["test_clients.py"]
GIVEN = {
    "node1": "node1.rehearsal.test", "node2": "node2.rehearsal.test", "domain": "rehearsal.test",
    "cluster": "ganeti.node1.rehearsal.test", "rapi_password": "rapipassword1",
    "user_password": "userpw1", "oauth2_secret": "oauthSecret1",
    "cyclades_token": "cycladesToken1", "pithos_token": "pithosToken1",
    "no_such_uuid": "00000000-0000-4000-8000-000000000000", "public_network_id": "1",
    "epoch": "1448531245.5", "time_in_100_years": "2115-11-26T09:47:25Z",
}  # fmt: skip


@pytest.fixture(scope="session")
def played(root: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    """Every row, played once."""
    if not services.RABBITMQ.exists() or not all(map(run.which, ("gunicorn", "memcached"))):
        pytest.skip("NOT RUN: apt-get install rabbitmq-server gunicorn python3-gevent memcached")
    # Pithos's client for browsers was absent when the rows were recorded.
    absent = {"node2": f"{standins.WITHOUT['node2']}:snf-pithos-webclient"}
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(standins, "WITHOUT", standins.WITHOUT | absent)
    place = tmp_path_factory.mktemp("contract")
    with services.postgresql() as port, site(Cloud(root, place, port), place) as made:  # type: ignore[arg-type]
        found = play(made, dict(GIVEN))
        (place / "outcomes.json").write_text(json.dumps(found.outcomes, indent=0))
        yield found

"""kamaki 0.13.4 and astakosclient 0.16, as they are, do everyday work with the stand-ins."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from golden import run
from tests.contract import clients
from tests.contract.conftest import GIVEN
from tests.contract.names import Names
from tests.contract.order import user_token
from tests.contract.play import Play
from tests.contract.site import Site, serving, site
from tests.unit.standins import services
from tests.unit.standins.conftest import Cloud
from tests.unit.standins.serving import HOSTS

pytestmark = pytest.mark.slow
Kamaki = Callable[..., run.Result]
LARGE = 9 * 2**20 + 17  # more than two blocks of Pithos


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
    """Run kamaki as a user does, configured for the site."""
    home = tmp_path_factory.mktemp("home")
    names = [host.removeprefix("https://") for host in HOSTS.values()]
    tls = clients.certificate(home, names)
    (home / ".kamakirc").write_text(f"""[global]
default_cloud = default
ca_certs = {home}/cert.pem
colors = off
[cloud "default"]
url = {HOSTS["node1"]}/astakos/identity/v2.0
token = {user_token(first_boot)}
""")
    with contextlib.ExitStack() as stack:
        ports = {
            host.removeprefix("https://"): stack.enter_context(
                clients.apache(first_boot.cloud.routes[host], tls)
            )
            for host in HOSTS.values()
        }
        env = clients.environment(home, ports)

        def act(*words: str, code: int = 0) -> run.Result:
            program = clients.PLACE / "bin/kamaki"
            result = run.run([python, program, *words], env=env, cwd=home, check=False)
            first_boot.settle()
            assert result.code == code, f"kamaki {' '.join(words)}: {result.out}"
            return result

        act.home, act.env = home, env  # type: ignore[attr-defined]
        yield act


def test_user(kamaki: Kamaki) -> None:
    assert "First User" in kamaki("user", "info").out


def test_quota_and_projects(kamaki: Kamaki) -> None:
    assert "cyclades.disk:" in kamaki("quota", "list").out
    assert "system project for user user@rehearsal.test" in kamaki("project", "list").out


@pytest.fixture(scope="module")
def box(kamaki: Kamaki) -> str:
    kamaki("container", "create", "box")
    return "/box"


def test_containers(kamaki: Kamaki, box: str) -> None:
    assert "box" in kamaki("container", "list").out
    assert "exists" in kamaki("container", "create", "box", code=1).out
    assert "does not exist" in kamaki("file", "list", "/nosuch", code=1).out


@pytest.mark.parametrize("size", [1024, LARGE])
def test_a_file_s_way(kamaki: Kamaki, box: str, tmp_path: Path, size: int) -> None:
    local, back, name = tmp_path / "file", tmp_path / "back", f"{box}/{size}"
    local.write_bytes(os.urandom(size))
    kamaki("file", "upload", str(local), name)
    assert "already exists" in kamaki("file", "upload", str(local), name, code=1).out
    assert str(size) in kamaki("file", "list", box).out
    kamaki("file", "download", name, str(back))
    assert back.read_bytes() == local.read_bytes()
    kamaki("file", "copy", name, f"{name}.copy")
    url = kamaki("file", "publish", name).out.strip()
    assert re.fullmatch(rf"{HOSTS['node2']}/pithos/public/\w+", url)
    kamaki("file", "delete", f"{name}.copy", "--yes")
    assert f"{size}.copy" not in kamaki("file", "list", box).out


@pytest.fixture(scope="module")
def image(kamaki: Kamaki, tmp_path_factory: pytest.TempPathFactory) -> str:
    local = tmp_path_factory.mktemp("image") / "tiny.diskdump"
    local.write_bytes(b"a" * 1024)
    meta = local.with_name("meta")
    properties = {"OSFAMILY": "linux", "ROOT_PARTITION": "1", "USERS": "root"}
    meta.write_text(json.dumps({"properties": properties}))
    kamaki("container", "create", "images")
    kamaki("file", "upload", str(local), "/images/tiny.diskdump")
    register = ["image", "register", "--name", "Debian Base", "--public", "--force"]
    register += ["--location", "/images/tiny.diskdump", "--metafile", str(meta)]
    said = kamaki(*register).out
    found = re.search(r"^id: (\S+)$", said, re.MULTILINE)
    assert found, said
    return found[1]


def test_images(kamaki: Kamaki, image: str) -> None:
    assert f"{image} Debian Base" in kamaki("image", "list").out
    assert "disk-format: diskdump" in kamaki("image", "info", image).out


def test_flavors(kamaki: Kamaki) -> None:
    assert "C1R512D1plain" in kamaki("flavor", "list").out


def test_networks_and_addresses(kamaki: Kamaki) -> None:
    assert "public_network ( public )" in kamaki("network", "list").out
    assert "status: ACTIVE" in kamaki("network", "create", "--name", "mine").out
    kamaki("ip", "create")
    assert "floating_ip_address: 10.0.0.2" in kamaki("ip", "list").out


def test_a_server_s_way(kamaki: Kamaki, image: str) -> None:
    flavors = kamaki("flavor", "list").out
    flavor = re.search(r"^(\d+) C1R512D1plain$", flavors, re.MULTILINE)
    assert flavor
    words = ["server", "create", "--name", "vm", "--flavor-id", flavor[1], "--image-id", image]
    made = re.search(r"^id: (\d+)$", kamaki(*words).out, re.MULTILINE)
    assert made
    assert "status: ACTIVE" in kamaki("server", "info", made[1]).out
    kamaki("server", "delete", made[1])
    assert "status: DELETED" in kamaki("server", "info", made[1]).out
    assert "has been deleted" in kamaki("server", "delete", made[1], code=1).out


ASTAKOS = """
import sys
from astakosclient import AstakosClient
from astakosclient.errors import QuotaLimit, Unauthorized
url, token, service, uuid = sys.argv[1:]
user = AstakosClient(token, url)
assert user.authenticate()["access"]["user"]["id"] == uuid
assert "cyclades.vm" in user.get_quotas()[uuid]
own = AstakosClient(service, url)
assert "cyclades.vm" in own.service_get_quotas()[uuid][uuid]
assert own.service_get_usernames([uuid]) == {uuid: "user@rehearsal.test"}
serial = own.issue_one_commission(uuid, {(uuid, "cyclades.floating_ip"): 1})
assert own.get_pending_commissions() == [serial]
assert own.resolve_commissions([serial], [])["accepted"] == [serial]
serial = own.issue_one_commission(uuid, {(uuid, "cyclades.floating_ip"): -1}, auto_accept=True)
try:
    own.issue_one_commission(uuid, {(uuid, "cyclades.vm"): 1000})
    sys.exit("the quota did not hold")
except QuotaLimit:
    pass
try:
    AstakosClient("nonsense", url).authenticate()
    sys.exit("a wrong token was taken")
except Unauthorized:
    pass
"""


def test_astakosclient(kamaki: Kamaki, first_boot: Site, python: Path) -> None:
    url, token = f"{HOSTS['node1']}/astakos/identity/v2.0", user_token(first_boot)
    listed = first_boot.command(
        ["snf-manage", "user-list", "-o", "uuid", "--output-format", "json"], "node1"
    )
    uuid = json.loads(listed.out)[0]["uuid"]
    argv = [python, "-c", ASTAKOS, url, token, GIVEN["cyclades_token"], uuid]
    result = run.run(argv, env=kamaki.env, check=False)  # type: ignore[attr-defined]
    assert result.code == 0, result.out

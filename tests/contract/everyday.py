"""What a user does every day with kamaki, as tests: at stand-ins and at booted nodes alike."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from golden import run
from tests.contract import clients

LARGE = 9 * 2**20 + 17  # more than two blocks of Pithos
BOX, IMAGES = "everyday-box", "everyday-images"


@dataclass(frozen=True)
class Kamaki:
    """The real kamaki, configured in `home` for `user`, by name and address.

    `pithos` is where published files are, `flavor` one of the cloud's, `addresses` how those of its
    public network begin. `settle` is called after each command.
    """

    python: Path
    home: Path
    env: Mapping[str, str]
    user: tuple[str, str]
    pithos: str
    flavor: str
    addresses: str
    settle: Callable[[], object]

    def __call__(self, *words: str, code: int = 0) -> run.Result:
        """Run kamaki, which must end with `code`."""
        argv = [self.python, clients.PLACE / "bin/kamaki", *words]
        result = run.run(argv, env=dict(self.env), cwd=self.home, check=False)
        self.settle()
        assert result.code == code, f"kamaki {' '.join(words)}: {result.out}"
        return result

    def made(self, *words: str) -> str:
        """The id of what the command made."""
        said = self(*words).out
        found = re.search(r"^id: (\S+)$", said, re.MULTILINE)
        assert found, said
        return found[1]

    def remove(self, container: str) -> None:
        """Remove the container with its files, if an interrupted run or this one has made it."""
        if container in self("container", "list").out:
            self("container", "delete", container, "--recursive", "--yes")

    @property
    def flavor_id(self) -> str:
        """The id of `flavor`."""
        listed = self("flavor", "list").out
        found = re.search(rf"^(\d+) {self.flavor}$", listed, re.MULTILINE)
        assert found, f"no {self.flavor}: {listed}"
        return found[1]


def configure(home: Path, url: str, token: str) -> None:
    """Write the configuration of the user with `token`; cert.pem in `home` is trusted."""
    path = home / ".kamakirc"
    path.touch(0o600)
    path.write_text(f"""[global]
default_cloud = default
ca_certs = {home}/cert.pem
colors = off
[cloud "default"]
url = {url}
token = {token}
""")


class Everyday:
    """The tests; who inherits them has a fixture `kamaki`. What is made is removed again."""

    def test_user(self, kamaki: Kamaki) -> None:
        assert f"name: {kamaki.user[0]}" in kamaki("user", "info").out

    def test_quota_and_projects(self, kamaki: Kamaki) -> None:
        assert "cyclades.disk:" in kamaki("quota", "list").out
        assert f"system project for user {kamaki.user[1]}" in kamaki("project", "list").out

    @pytest.fixture(scope="class")
    @classmethod
    def box(cls, kamaki: Kamaki) -> Iterator[str]:
        """A container, which goes with its files."""
        kamaki.remove(BOX)
        kamaki("container", "create", BOX)
        yield f"/{BOX}"
        kamaki.remove(BOX)

    def test_containers(self, kamaki: Kamaki, box: str) -> None:
        assert BOX in kamaki("container", "list").out
        assert "exists" in kamaki("container", "create", BOX, code=1).out
        assert "does not exist" in kamaki("file", "list", "/nosuch", code=1).out

    @pytest.mark.parametrize("size", [1024, LARGE])
    def test_a_file_s_way(self, kamaki: Kamaki, box: str, tmp_path: Path, size: int) -> None:
        local, back, name = tmp_path / "file", tmp_path / "back", f"{box}/{size}"
        local.write_bytes(os.urandom(size))
        kamaki("file", "upload", str(local), name)
        assert "already exists" in kamaki("file", "upload", str(local), name, code=1).out
        assert str(size) in kamaki("file", "list", box).out
        kamaki("file", "download", name, str(back))
        assert back.read_bytes() == local.read_bytes()
        kamaki("file", "copy", name, f"{name}.copy")
        url = kamaki("file", "publish", name).out.strip()
        assert re.fullmatch(rf"{kamaki.pithos}/public/\w+", url)
        kamaki("file", "delete", f"{name}.copy", "--yes")
        assert f"{size}.copy" not in kamaki("file", "list", box).out

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls, kamaki: Kamaki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        """A registered image: too small to start from, and large enough to be chosen."""
        local = tmp_path_factory.mktemp("image") / "everyday.diskdump"
        local.write_bytes(b"a" * 1024)
        meta = local.with_name("meta")
        properties = {"OSFAMILY": "linux", "ROOT_PARTITION": "1", "USERS": "root"}
        meta.write_text(json.dumps({"properties": properties}))
        kamaki.remove(IMAGES)
        kamaki("container", "create", IMAGES)
        kamaki("file", "upload", str(local), f"/{IMAGES}/everyday.diskdump")
        register = ["image", "register", "--name", "Everyday", "--public", "--force"]
        register += ["--location", f"/{IMAGES}/everyday.diskdump", "--metafile", str(meta)]
        id = kamaki.made(*register)
        yield id
        kamaki("image", "unregister", id)
        kamaki.remove(IMAGES)

    def test_images(self, kamaki: Kamaki, image: str) -> None:
        assert f"{image} Everyday" in kamaki("image", "list").out
        assert "disk-format: diskdump" in kamaki("image", "info", image).out

    def test_flavors(self, kamaki: Kamaki) -> None:
        assert f"name: {kamaki.flavor}" in kamaki("flavor", "info", kamaki.flavor_id).out

    def test_networks(self, kamaki: Kamaki) -> None:
        assert "public_network ( public )" in kamaki("network", "list").out
        id = kamaki.made("network", "create", "--name", "mine")
        assert "status: ACTIVE" in kamaki("network", "info", id).out
        kamaki("network", "delete", id)

    def test_addresses(self, kamaki: Kamaki) -> None:
        id = kamaki.made("ip", "create")
        assert f"floating_ip_address: {kamaki.addresses}" in kamaki("ip", "info", id).out
        kamaki("ip", "delete", id)
        assert "floating_ip_address" not in kamaki("ip", "list").out


def ordered(kamaki: Kamaki, image: str) -> str:
    """The id of a server that was asked for."""
    words = ["server", "create", "--name", "everyday", "--flavor-id", kamaki.flavor_id]
    return kamaki.made(*words, "--image-id", image)


def deleted(kamaki: Kamaki, server: str) -> None:
    """That a server that was deleted stays so."""
    assert "status: DELETED" in kamaki("server", "info", server).out
    assert "has been deleted" in kamaki("server", "delete", server, code=1).out


ASTAKOS = """
import sys
from astakosclient import AstakosClient
from astakosclient.errors import QuotaLimit, Unauthorized
url, name = sys.argv[1:]
token, service = sys.stdin.read().split()
user = AstakosClient(token, url)
uuid = user.authenticate()["access"]["user"]["id"]
assert "cyclades.vm" in user.get_quotas()[uuid]
own = AstakosClient(service, url)
assert "cyclades.vm" in own.service_get_quotas()[uuid][uuid]
assert own.service_get_usernames([uuid]) == {uuid: name}
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


def astakos(kamaki: Kamaki, url: str, token: str, service: str) -> None:
    """What services ask of Astakos, by astakosclient, with the token of Cyclades."""
    argv = [kamaki.python, "-c", ASTAKOS, url, kamaki.user[1]]
    result = run.run(argv, env=dict(kamaki.env), stdin=f"{token} {service}", check=False)
    assert result.code == 0, result.out

"""Both nodes' applications on real gunicorn, with memcached and a recorded RAPI."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from golden import run
from golden.host.ports import free_port
from tests.unit.standins import ganeti
from tests.unit.standins.conftest import Cloud
from tests.unit.standins.serving import HOSTS, PROXIED, gunicorn

pytestmark = pytest.mark.slow


class Site:
    """The running site, and its first user."""

    def __init__(self, cloud: Cloud, cluster: ganeti.Ganeti) -> None:
        self.cloud, self.ganeti, self.token, self.uuid = cloud, cluster, "", ""

    def call(self, method: str, url: str, **more):  # type: ignore[no-untyped-def]
        """A request as Apache passes it on."""
        for host, real in self.cloud.routes.items():
            url = url.replace(host, real)
        headers = PROXIED | more.pop("headers", {})
        return requests.request(method, url, headers=headers, allow_redirects=False, **more)

    def api(self, method: str, url: str, **more):  # type: ignore[no-untyped-def]
        """A request with the user's token."""
        return self.call(
            method, url, headers={"X-Auth-Token": self.token} | more.pop("headers", {}), **more
        )

    def kamaki(self, *words: str) -> run.Result:
        return self.cloud.run("usr/bin/kamaki", *words)


def initialise(cloud: Cloud) -> None:
    steps = ["syncdb --noinput --migrate", "loaddata flavors", "group-add admin"]
    steps += ["volume-type-create --name=plain --disk-template=plain", "flavor-create 1 256 1 2"]
    for name, node in (("astakos", "node1"), ("cyclades", "node1"), ("pithos", "node2")):
        base = f"{HOSTS[node]}/{name}"
        steps.append(f"component-add {name} --base-url {base} --ui-url {base}/ui/")
        steps.append(f"component-modify {name} --auth-token {name}Token1")
    url = f"{HOSTS['node2']}/pithos/ui/view"
    steps.append(f"oauth2-client-add pithos-view --secret=oauthSecret1 --is-trusted --url {url}")
    steps.append("user-add user@rehearsal.test First Last --password userpw1")
    steps.append("user-modify 1 --verify --accept --add-group=admin")
    for step in steps:
        result = cloud.manage(*step.split())
        assert result.code == 0, f"{step}: {result.out}"
    for name, node in (("astakos", "node1"), ("cyclades", "node1"), ("pithos", "node2")):
        data = cloud.run("usr/bin/snf-service-export", name, f"{HOSTS[node]}/{name}").out
        assert cloud.manage("service-import", "--json", "-", stdin=data).code == 0


@pytest.fixture(scope="module")
def running(cloud: Cloud) -> Iterator[Site]:
    initialise(cloud)
    ports = {node: free_port() for node in HOSTS}
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(ganeti.ganeti())
        cloud.routes = {HOSTS[node]: f"http://127.0.0.1:{port}" for node, port in ports.items()}
        cloud.routes[f"https://{cluster.name}:5080"] = f"http://127.0.0.1:{cluster.port}"
        cache = free_port()
        words = ["memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", str(cache)]
        stack.callback(run.end, run.start(words))
        vmapi = cloud.place / "node1/20-snf-cyclades-app-vmapi.conf"
        vmapi.write_text(vmapi.read_text().replace("11211", str(cache)))
        for node, port in ports.items():
            stack.enter_context(gunicorn(cloud, node, port))
        yield Site(cloud, cluster)


@pytest.fixture(scope="module")
def site(running: Site) -> Site:
    form = {"username": "user@rehearsal.test", "password": "userpw1"}
    answer = running.call("POST", f"{HOSTS['node1']}/astakos/ui/local", data=form)
    assert answer.status_code == 302, answer.text
    cookie = answer.headers["Set-Cookie"]
    assert "Domain=.rehearsal.test" in cookie and "Secure" in cookie
    value = cookie.split(";")[0].partition("=")[2]
    running.uuid, _, running.token = requests.utils.unquote(value).partition("|")
    return running


def cookies(site: Site) -> dict[str, str]:
    return {"_pithos2_a": quote(f"{site.uuid}|{site.token}", "")}


def test_astakos_doors(running: Site) -> None:
    base = f"{HOSTS['node1']}/astakos"
    assert running.call("GET", base).headers["Location"] == f"{base}/ui/"
    assert "password" in running.call("GET", f"{base}/ui/login").text
    wrong = {"username": "user@rehearsal.test", "password": "nonsense"}
    refused = running.call("POST", f"{base}/ui/local", data=wrong)
    assert (refused.status_code, "correct username and password" in refused.text) == (200, True)
    assert "_pithos2_a" not in refused.headers["Set-Cookie"]
    services = running.call("GET", f"{base}/ui/get_services?callback=add").text
    names = [entry["name"] for entry in json.loads(services.removeprefix("add(")[:-1])]
    assert names == ["astakos", "pithos", "cyclades"]
    called = running.call("GET", f"{base}/ui/get_menu?callback=cloudbarAdd").text
    assert called.startswith("cloudbarAdd([")


def test_a_request_that_apache_did_not_mark_is_refused(running: Site) -> None:
    real = running.cloud.routes[HOSTS["node1"]]
    answer = requests.get(f"{real}/astakos/ui/login", timeout=10)
    assert answer.status_code == 400


def test_tokens_and_catalogue(site: Site) -> None:
    url = f"{HOSTS['node1']}/astakos/identity/v2.0/tokens"
    public = site.call("POST", url).json()["access"]
    assert {entry["type"] for entry in public["serviceCatalog"]} >= {"compute", "object-store"}
    assert "token" not in public
    body = {"auth": {"token": {"id": site.token}}}
    assert site.call("POST", url, json=body).json()["access"]["user"]["id"] == site.uuid
    assert site.call("POST", url, json={"auth": {"token": {"id": "x"}}}).status_code == 401


def test_service_tokens(site: Site) -> None:
    url = f"{HOSTS['node1']}/astakos/account/v1.0/service_quotas"
    good = site.call("GET", url, headers={"X-Auth-Token": "pithosToken1"})
    assert "pithos.diskspace" in good.json()[site.uuid][site.uuid]
    wrong = site.call("GET", url, headers={"X-Auth-Token": "nonsense"})
    assert wrong.status_code == 401
    for name, node in (("pithos", "node2"), ("cyclades", "node1")):
        result = site.cloud.manage(f"reconcile-resources-{name}", "--fix", node=node)
        assert (result.code, result.out) == (0, "Everything in sync.\n")


def test_a_wrong_service_token_is_reported_with_its_place(site: Site) -> None:
    path = site.cloud.place / "node2/20-snf-pithos-app-settings.conf"
    good = path.read_text()
    path.write_text(good.replace("pithosToken1", "pithosToken2"))
    try:
        result = site.cloud.manage("reconcile-resources-pithos", node="node2")
    finally:
        path.write_text(good)
    assert result.code == 1
    assert f"PITHOS_SERVICE_TOKEN, {path}" in result.out
    assert "pithosToken" not in result.out


def test_kamaki_stores_and_registers(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "kamakirc"
    monkeypatch.setenv("KAMAKI_CONFIG", str(config))
    image = tmp_path / "debian.diskdump"
    image.write_bytes(os.urandom(9 * 2**20))
    meta = tmp_path / "debian.diskdump.meta"
    meta.write_text(json.dumps({"properties": {"OSFAMILY": "linux", "ROOT_PARTITION": "1"}}))
    url = f"{HOSTS['node1']}/astakos/identity/v2.0"
    config.write_text(f'[cloud "default"]\nurl = {url}\ntoken = {site.token}\n')
    register = ["image", "register", "--name", "Debian Base", "--public", "--metafile", str(meta)]
    register += ["--location", "/images/debian.diskdump"]
    for code, *words in (
        (0, "config", "list"),
        (0, "user", "authenticate"),
        (1, "file", "list", "/images"),
        (0, "container", "create", "images"),
        (1, "container", "create", "images"),
        (0, "file", "upload", str(image), "/images"),
        (1, "file", "upload", str(image), "/images"),
        (0, "file", "upload", str(image), "/images", "-f"),
        (0, *register),
        (1, *register),
        (0, *register, "--force"),
        (1, "no", "such"),
        (1, "file", "list", "--nosuch"),
    ):
        result = site.kamaki(*map(str, words))
        assert result.code == code, f"{words}: {result.out}"
    assert site.kamaki("file", "list", "/images").out == "debian.diskdump\ndebian.diskdump.meta\n"
    place = f"{HOSTS['node2']}/pithos/object-store/v1/{site.uuid}/images/debian.diskdump"
    assert site.api("GET", place).content == image.read_bytes()
    modes = {path.stat().st_mode & 0o777 for path in (site.cloud.place / "blocks").iterdir()}
    assert modes == {0o660}, "the hook's umask must reach the block store"
    shown = site.cloud.manage(
        "file-show", site.uuid, "images", "debian.diskdump", "--output-format", "json", node="node2"
    )
    assert json.loads(shown.out)[0]["bytes"] == str(9 * 2**20)


def test_the_pithos_page_needs_a_login_and_astakos_to_know_its_client(site: Site) -> None:
    top = f"{HOSTS['node2']}/pithos/object-store/v1/{site.uuid}"
    site.api("PUT", f"{top}/pithos")
    kind = {"Content-Type": "text/plain"}
    place = f"{top}/pithos/hello.txt"
    assert site.api("PUT", place, data=b"hello", headers=kind).status_code == 201
    assert site.api("GET", f"{top}/pithos/hello.txt").content == b"hello"
    ui = f"{HOSTS['node2']}/pithos/ui/"
    assert "/ui/login?next=" in site.call("GET", ui).headers["Location"]
    page = site.call("GET", ui, cookies=cookies(site)).text
    assert "hello.txt" in page and "cloudbar.js" in page
    assert site.cloud.manage("oauth2-client-remove", "pithos-view").code == 0
    refused = site.call("GET", ui, cookies=cookies(site))
    assert (refused.status_code, "OAUTH2_CLIENT_CREDENTIALS" in refused.text) == (500, True)
    assert site.api("DELETE", f"{top}/pithos/hello.txt").status_code == 204
    assert site.api("GET", f"{top}/pithos/hello.txt").status_code == 404


def test_objects_belong_to_their_owner(site: Site) -> None:
    top = f"{HOSTS['node2']}/pithos/object-store/v1"
    assert site.api("GET", f"{top}/somebody-else").status_code == 403
    assert site.call("GET", f"{top}/{site.uuid}").status_code == 401
    assert site.api("GET", f"{top}/{site.uuid}/nosuch").status_code == 404


def test_backend_and_networks(site: Site) -> None:
    add = ["backend-add", f"--clustername={site.ganeti.name}", "--user=cyclades"]
    wrong = site.cloud.manage(*add, "--pass=wrong")
    assert (wrong.code, "Invalid RAPI credentials" in wrong.out) == (1, True)
    other = site.cloud.manage("backend-add", "--clustername=127.0.0.1", "--user=u", "--pass=x")
    assert (other.code, "ConnectionError" in other.out) == (1, True)
    assert site.cloud.manage(*add, "--pass=rapipassword1").code == 0
    assert site.cloud.manage(*add, "--pass=rapipassword1").code == 1
    assert site.cloud.manage("backend-modify", "--drained", "False", "9").code == 1
    assert site.cloud.manage("backend-modify", "--drained", "False", "1").code == 0
    assert site.cloud.manage("backend-update-status").code == 0
    create = ["network-create", "--subnet=10.0.0.0/24", "--gateway=10.0.0.1", "--public"]
    create += ["--dhcp=True", "--flavor=CUSTOM", "--link=br1", "--mode=bridged"]
    create += ["--name=public_network", "--floating-ip-pool=True"]
    made = site.cloud.manage(*create)
    assert made.out.endswith("Successfully issued job to create network in backends\n"), made.out
    (body,) = [body for _, path, body in site.ganeti.asked if path == "/2/networks"]
    assert (body["network_name"], body["tags"]) == ("snf-net-1", ["nfdhcpd", "public"])
    # No eventd has told of the jobs: the contract's rows say what becomes of that.
    assert "D: Unsynced network <Network: 1>" in site.cloud.manage("reconcile-networks").out
    assert "PENDING" in site.cloud.manage("network-inspect", "1").out
    # A power cut between the two jobs: added, but not connected.
    site.ganeti.networks["snf-net-1"]["group_list"] = []
    assert "is not connected to the following groups:\n-  default" in (
        site.cloud.manage("reconcile-networks", "--fix-all").out
    )
    assert site.ganeti.networks["snf-net-1"]["group_list"] == [["default", "bridged", "br1", ""]]
    outside = [word.replace("10.0.0.1", "10.9.0.1") for word in create]
    assert site.cloud.manage(*outside).code == 1


def test_a_machine_is_asked_of_ganeti_and_its_secrets_are_read_once(site: Site) -> None:
    base = f"{HOSTS['node1']}/cyclades"
    answer = site.api("GET", f"{base}/image/v1.0/images/detail").json()
    assert isinstance(answer, list), answer
    (image,) = answer
    wanted = {"name": "first", "imageRef": image["id"], "flavorRef": 28}
    answer = site.api("POST", f"{base}/compute/v2.0/servers", json={"server": wanted})
    assert answer.status_code == 202, answer.text
    (body,) = [body for _, path, body in site.ganeti.asked if path == "/2/instances"]
    assert (body["name"], body["disk_template"]) == ("snf-1", "plain")
    assert body["nics"] == []  # none was asked for
    secret = site.call("GET", body["osparams"]["config_url"]).json()
    assert secret["img_passwd"] == answer.json()["server"]["adminPass"]
    assert secret["img_id"].startswith("pithosmap://")
    assert site.call("GET", body["osparams"]["config_url"]).status_code == 404
    (shown,) = site.api("GET", f"{base}/compute/v2.0/servers/detail").json()["servers"]
    assert (shown["name"], shown["status"]) == ("first", "BUILD")
    assert "first" in site.call("GET", f"{base}/ui/", cookies=cookies(site)).text
    synced = site.cloud.manage("reconcile-resources-cyclades").out
    assert synced == "Everything in sync.\n"


def test_admin_is_for_its_groups(site: Site) -> None:
    url = f"{HOSTS['node1']}/admin"
    assert site.call("GET", url).headers["Location"] == f"{url}/"
    assert site.call("GET", f"{url}/").status_code == 403
    assert "json/user" in site.call("GET", f"{url}/", cookies=cookies(site)).text


def test_the_application_does_not_start_without_the_hook(site: Site) -> None:
    env = site.cloud.environment("node1") | {"DJANGO_SETTINGS_MODULE": "synnefo.settings"}
    code = "import synnefo.webproject.wsgi"
    result = run.run(["/usr/bin/python3", "-c", code], env=env, check=False)
    assert (result.code, "gunicorn-archipelago.py" in result.out) == (1, True)

"""Cyclades: its backend, networks, pools and flavors, and the daemons between it and Ganeti."""

from __future__ import annotations

import re

import pytest

from golden.check import synnefo
from golden.check.facts import Facts
from golden.check.questions import RAPI_USER
from golden.definition import Node
from tests.checks.answers import row, rows, said, told
from tests.checks.subjects import SITE, each, each_node

# docs/synnefo.md section 14; the master of gunicorn and eventd stay root.
USERS = {"snf-dispatcher": "synnefo", "vncauthproxy": "vncauthproxy", "nfdhcpd": "nobody"}
EVENTD = "snf-ganeti-eventd"
REACHED = (
    "AMQP -> snf-dispatcher: ok",
    "snf-dispatcher -> ganeti: ok",
    "snf-ganeti-eventd -> AMQP: ok",
)
FIXTURE = [f"C{cpu}R{ram}D{disk}drbd" for cpu in (1, 2, 4) for ram in (1024, 2048, 4096)
           for disk in (20, 30, 40)]  # fmt: skip


def network(facts: Facts) -> dict[str, str]:
    return row(facts, "network-list", "subnet.ipv4", str(SITE.variables["vm_network"]))


@pytest.mark.guide("G241", "G242", "G245")
@each_node(role="cyclades")
def test_cluster_is_a_backend_in_use(facts: Facts, node: Node) -> None:
    found = row(facts, "backend-list", "clustername", SITE.cluster.name)
    state = {key: found[key] for key in ("username", "drained", "offline")}
    assert state == {"username": RAPI_USER, "drained": "False", "offline": "False"}


@each_node(role="cyclades")
def test_backend_offers_a_disk_template(facts: Facts, node: Node) -> None:
    found = row(facts, "backend-list", "clustername", SITE.cluster.name)["disk_templates"]
    assert re.search(r"\w", found.replace("None", "")), "run: snf-manage backend-update-status"


@pytest.mark.guide("G252")
@each_node(role="cyclades")
def test_public_network_is_as_the_site_wants_it(facts: Facts, node: Node) -> None:
    found = network(facts)
    keys = ("gateway.ipv4", "link", "public", "drained", "floating_ip_pool")
    wanted = (str(SITE.variables["vm_gateway"]), SITE.bridges[0].name, "True", "False", "True")
    assert tuple(found[key] for key in keys) == wanted


@each_node(role="cyclades")
def test_public_network_is_there_once(facts: Facts, node: Node) -> None:
    subnets = [one["subnet.ipv4"] for one in rows(facts, "network-list")]
    assert len(subnets) == len(set(subnets)), "network-create makes another one each time"


@pytest.mark.guide("G253")
@each_node(role="cyclades")
def test_public_network_is_active_in_the_backend(facts: Facts, node: Node) -> None:
    # Of its parts the table of what the database has; the cluster's name is a title further below.
    out = said(facts, "network-inspect").partition("in DB for each backend")[2]
    table = out.partition("State of network in backend")[0].splitlines()
    states = [re.split(r"[\s|]+", line.strip()) for line in table if SITE.cluster.name in line]
    active = [words[words.index(SITE.cluster.name) + 1] == "ACTIVE" for words in states]
    assert active and all(active), f"network-inspect: {states or table}"


@pytest.mark.guide("G250")
@each_node(role="cyclades")
def test_networks_are_as_in_ganeti(facts: Facts, node: Node) -> None:
    # Findings begin with D:, and the exit code is 0 whatever was found (docs/synnefo.md S5.17).
    lines = said(facts, "reconcile-networks").splitlines()
    assert [line for line in lines if line.startswith("D:")] == []


@pytest.mark.guide("G254")
@each_node(role="cyclades")
def test_ganeti_has_the_public_network(facts: Facts, node: Node) -> None:
    name, subnet = f"snf-net-{network(facts)['id']}", str(SITE.variables["vm_network"])
    lines = said(facts, "gnt-network list").splitlines()
    found = [line.split("|") for line in lines if line.startswith(f"{name}|")]
    assert found, f"gnt-network list has no {name}"
    assert found[0][1:3] == [subnet, str(SITE.variables["vm_gateway"])]
    assert f"bridged, {SITE.bridges[0].name}" in found[0][3], f"not connected: {found[0][3]}"


@pytest.mark.guide("G254")
@each_node(role="cyclades")
def test_ganeti_shows_the_public_network(facts: Facts, node: Node) -> None:
    assert str(SITE.variables["vm_network"]) in said(facts, "gnt-network info")


@each_node(role="cyclades")
def test_pool_of_mac_prefixes_is_there(facts: Facts, node: Node) -> None:
    pool = said(facts, "pool-list")
    assert re.search(r"\b65536\s+aa:00:0\b", pool), f"pool-list: {pool.strip()[-400:]}"


@pytest.mark.guide("G243")
@each("flavor", lambda _: [*FIXTURE, *SITE.variables.get("flavors", ())], role="cyclades")
def test_flavor_is_offered(facts: Facts, node: Node, flavor: str) -> None:
    assert flavor in {one["name"] for one in rows(facts, "flavor-list")}


@each_node(role="cyclades")
def test_quota_are_in_sync(facts: Facts, node: Node) -> None:
    assert "Everything in sync." in said(facts, "reconcile-resources-cyclades")


@pytest.mark.guide("G260")
@each_node(role="cyclades")
def test_dispatcher_reaches_broker_and_backend(facts: Facts, node: Node) -> None:
    # Its exit code is 0 whatever it finds.
    lines = [line.strip() for line in said(facts, "dispatcher status").splitlines()]
    missing = [each for each in (*REACHED, f"* {SITE.cluster.name}:") if each not in lines]
    assert missing == [], "\n".join(lines)


@pytest.mark.guide("G260")
@each_node(role="cyclades")
def test_dispatcher_logs_no_traceback(facts: Facts, node: Node) -> None:
    found = facts.daemons["dispatcher_log"]
    assert found is not None, "there is no /var/log/synnefo/dispatcher.log"
    assert found == [], "see /var/log/synnefo/dispatcher.log"


@pytest.mark.guide("G269")
@each_node(where="cyclades")
def test_page_is_shown_to_who_is_logged_in(facts: Facts, node: Node) -> None:
    page = facts.page("cyclades")
    assert page.status == 200, f"login: {told(facts.page('login'))}; page: {told(page)}"
    assert page.url == synnefo.url(SITE, "cyclades", "/ui/")
    assert page.found["cloudbar"], f"the page does not name {synnefo.cloudbar(SITE)}"


@pytest.mark.guide("G269")
@each_node(where="cyclades")
def test_machines_are_listed_to_who_is_logged_in(facts: Facts, node: Node) -> None:
    # The page comes to everybody: what tells is the question that its scripts ask.
    page = facts.page("machines")
    assert page.status == 200, f"login: {told(facts.page('login'))}; machines: {told(page)}"
    assert page.found["machines"], f"no list of machines at {page.url}"


@each_node(where="cyclades")
def test_machines_are_not_listed_to_a_visitor(facts: Facts, node: Node) -> None:
    page = facts.page("machines, anonymous")
    assert page.status == 401, told(page)


def daemons(node: Node) -> list[str]:
    return [name for name in synnefo.daemons(node) if name != EVENTD]


@each("daemon", daemons)
def test_daemon_has_a_process(facts: Facts, node: Node, daemon: str) -> None:
    if reason := facts.skipped(daemon):
        pytest.skip(reason)
    assert facts.daemons["processes"][daemon], f"no process of {synnefo.daemons(node)[daemon]}"


@each("daemon", lambda node: [name for name in daemons(node) if name in USERS])
def test_daemon_runs_as_its_own_user(facts: Facts, node: Node, daemon: str) -> None:
    if reason := facts.skipped(daemon):
        pytest.skip(reason)
    process = facts.daemons["processes"][daemon] or {"user": "no process"}
    assert process["user"] == USERS[daemon]


@pytest.mark.guide("G263")
@each_node(role="cyclades-gtools")
def test_eventd_runs_on_the_master_only(facts: Facts, node: Node) -> None:
    master = facts.daemons["ganeti_master"]
    assert master, f"{node.name} does not know its cluster's master"
    assert (facts.daemons["processes"][EVENTD] is not None) == (master == node.fqdn)


@pytest.mark.guide("G239")
@each_node(role="vncauthproxy")
def test_vnc_certificate_is_the_proxy_s_to_read(facts: Facts, node: Node) -> None:
    found = facts.daemons["vnc"]
    assert found["cert"] and found["key"], "cert.pem or key.pem is missing in /var/lib/vncauthproxy"
    certificate, key = found["linked"]
    assert certificate["owner"] == "vncauthproxy" or certificate["mode"] in ("0644", "0444")
    assert key["owner"] == "vncauthproxy", f"the key is {key['owner']}'s"
    assert key["mode"] in ("0400", "0600"), f"the key has mode {key['mode']}"


@pytest.mark.guide("G239")
@each_node(role="vncauthproxy")
def test_vnc_certificate_is_for_the_cyclades_host(facts: Facts, node: Node) -> None:
    found = facts.daemons["vnc"]
    assert SITE.host_of("cyclades").fqdn in found.get("names", []), f"issued to {found}"


@pytest.mark.guide("G239")
@each_node(role="vncauthproxy")
def test_vnc_certificate_fits_its_key(facts: Facts, node: Node) -> None:
    assert facts.daemons["vnc"]["pair"], "cert.pem is for another key than key.pem"


@pytest.mark.guide("G202")
@each_node(role="nfdhcpd")
def test_nfdhcpd_tells_its_clients(facts: Facts, node: Node) -> None:
    if reason := facts.skipped("nfdhcpd"):
        pytest.skip(reason)
    assert facts.daemons["nfdhcpd_dump"], "nothing in nfdhcpd.log after SIGUSR1"

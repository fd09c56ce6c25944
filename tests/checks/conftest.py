"""Where the checks get their facts from, and how they reach the nodes."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import testinfra
from testinfra.host import Host

from golden.check.collect import CLOCK, SCRIPTS, Live, recorded
from golden.check.connection import CONNECT_SECONDS, Connection, UnreachableError
from golden.check.facts import Facts
from golden.check.questions import questions
from golden.definition import Node
from golden.errors import StageError
from golden.keys import secrets
from tests.checks.instance import asked
from tests.checks.subjects import NODES, RECORDED, SITE, hosts
from tests.checks.tenant import Tenant

FactsOf = Callable[[Node], Facts]
HostOf = Callable[[Node], Host]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "destructive: changes a node, and puts it right again")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Destructive checks come last: they must not disturb what the others look at."""
    items.sort(key=lambda item: item.get_closest_marker("destructive") is not None)
    for item in items:
        for marker in item.iter_markers("guide"):
            item.user_properties += [("guide", one) for one in marker.args]
        callspec = getattr(item, "callspec", None)
        values = callspec.params.values() if callspec else ()
        nodes = [one for one in values if isinstance(one, Node)]
        item.user_properties += [("node", one.name) for one in nodes]
        if not nodes and len(NODES) < len(SITE.nodes):
            chosen = ", ".join(node.name for node in NODES)
            reason = f"about the whole site, and only {chosen} was asked for"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def connection() -> Connection:
    if RECORDED is not None:
        pytest.skip("recorded facts are judged, there is no live node to ask")
    return Connection.to(SITE.name)


@pytest.fixture(scope="session")
def pending(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Facts]]]:
    """The facts of all nodes, gathered at the same time: a node answers slowly, and by itself."""
    with ThreadPoolExecutor(max_workers=len(SITE.nodes)) as pool:
        if RECORDED is not None:
            yield {node.name: pool.submit(recorded, RECORDED, node) for node in SITE.nodes}
            return
        link = request.getfixturevalue("connection")
        # Of a few chosen checks each asks what it needs.
        first = () if request.config.option.keyword else SCRIPTS
        yield {node.name: pool.submit(_live, link, node, first) for node in SITE.nodes}


@functools.cache
def _request(node: str) -> dict[str, Any]:
    return questions(SITE, SITE.node(node), secrets.load(SITE))


def _live(link: Connection, node: Node, first: Sequence[str]) -> Facts:
    # For who asks many times and knows where to look (bench/mutation): `apart` of `drift`.
    narrow = json.loads(os.environ.get("GOLDEN_CHECK_NARROW", "{}"))
    document = Live(link, SITE, node, {**_request(node.name), **narrow})
    if first:
        document.ask(*first)
    document[CLOCK]
    return Facts(node.name, document)


@pytest.fixture(scope="session")
def outcome_of(pending: dict[str, Future[Facts]]) -> Callable[[Node], Facts | str]:
    """The node's facts, or why there are none."""

    def outcome(node: Node) -> Facts | str:
        try:
            return pending[node.name].result()
        except (UnreachableError, StageError) as error:
            return str(error)

    return outcome


@pytest.fixture(scope="session")
def facts_of(outcome_of: Callable[[Node], Facts | str]) -> FactsOf:
    """Any node's facts; without facts the check that asks for them ends at once."""

    def facts(node: Node) -> Facts:
        found = outcome_of(node)
        if isinstance(found, str):
            pytest.fail(f"{node.name} gave no facts, see test_node_answers", pytrace=False)
        return found

    return facts


@pytest.fixture
def facts(facts_of: FactsOf, node: Node) -> Facts:
    """The facts of the check's own node."""
    return facts_of(node)


@pytest.fixture(scope="session")
def host_of(connection: Connection, outcome_of: Callable[[Node], Facts | str]) -> HostOf:
    """A live node as testinfra sees it, over the connection that the facts came through."""

    def host(node: Node) -> Host:
        if isinstance(outcome_of(node), str):
            pytest.fail(f"{node.name} gave no facts, see test_node_answers", pytrace=False)
        where = f"ssh_config={connection.config}&timeout={CONNECT_SECONDS}"
        return testinfra.get_host(f"ssh://{node.name}?{where}")

    return host


@pytest.fixture(scope="session")
def tenant(connection: Connection) -> Tenant:
    """The cloud's first user, at the node with kamaki."""
    nodes = hosts("kamaki")
    if not nodes:
        pytest.skip(f"no node of site {SITE.name} has kamaki")
    return Tenant(connection, nodes[0])


@pytest.fixture(scope="module")
def master(host_of: HostOf, facts_of: FactsOf) -> Host:
    """The cluster's master, where the nodes can make disks of machines."""
    for node in hosts("ganeti-node"):
        if reason := facts_of(node).lacks("lvm"):
            pytest.skip(reason)
    return host_of(hosts("ganeti-master")[0])


@pytest.fixture(scope="module")
def emulated(master: Host, facts_of: FactsOf) -> Iterator[None]:
    """Cyclades has Ganeti start machines with KVM; where the nodes have none, they are emulated."""
    if all(facts_of(node).system["kvm"] for node in hosts("ganeti-node")):
        yield
        return
    info = master.check_output("gnt-cluster info")
    before = re.search(r"^ *kvm_flag: *(enabled|disabled)$", info, re.MULTILINE)
    modify = "gnt-cluster modify --hypervisor-parameters=kvm:kvm_flag=%s"
    asked(master, modify, "disabled")
    yield
    asked(master, modify, before[1] if before else "")

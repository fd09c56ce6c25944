"""A machine by Cyclades: asked for over the API, running in Ganeti, with a console, deleted again.

The whole way: Cyclades, RAPI, snf-image, which reads its parameters from Cyclades and the image
from Pithos's storage, eventd, the broker, the dispatcher, and the quota of Astakos.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from testinfra.host import Host

from golden.check import synnefo
from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.answers import row
from tests.checks.eventually import eventually
from tests.checks.instance import ATTEMPTS, Instance
from tests.checks.subjects import SITE, hosts
from tests.checks.tenant import Tenant

pytestmark = [
    pytest.mark.destructive,
    pytest.mark.skipif(not hosts("cyclades"), reason="no node has Cyclades"),
    pytest.mark.skipif(not synnefo.image_file(SITE), reason="the site names no base_image"),
]
NAME = "golden-check"
# An emulated node copies the image, starts the machine and tells of it.
SECONDS = 600
FLAVOR = re.compile(r"C(\d+)R(\d+)D(\d+)(\w+)")


@dataclass(frozen=True)
class Server:
    """The machine `id` of Cyclades, which Ganeti calls `snf-<id>`."""

    tenant: Tenant
    id: str
    instance: Instance

    def status(self) -> str:
        """BUILD, ACTIVE, ERROR, …; "" when Cyclades lists it no more."""
        return str(self.tenant.ask("servers").get(NAME, ["", ""])[1])

    def settled(self) -> str:
        """Its status, once it is no longer BUILD, or after SECONDS."""
        eventually(lambda: self.status() != "BUILD", SECONDS, 5)
        return self.status()


def smallest(flavors: list[dict[str, str]], templates: str) -> str:
    """The id of the flavor with the smallest disk and memory that the backend can make."""
    sizes = [
        (int(found[3]), int(found[2]), one["id"])
        for one in flavors
        if (found := FLAVOR.fullmatch(one["name"])) and re.search(rf"\b{found[4]}\b", templates)
    ]
    assert sizes, f"no flavor of {[one['name'] for one in flavors]} has a template of {templates}"
    return min(sizes)[2]


@pytest.fixture(scope="module")
def server(
    tenant: Tenant, master: Host, emulated: None, facts_of: Callable[[Node], Facts]
) -> Iterator[Server]:
    """A machine of the registered image; what an interrupted run has left goes first."""
    remove(tenant)
    backend = row(facts_of(hosts("cyclades")[0]), "backend-list", "clustername", SITE.cluster.name)
    found = tenant.ask("choices")
    images = {one["name"]: one["id"] for one in found["images"]}
    assert synnefo.image_name(SITE) in images, f"images: {sorted(images)}"
    image = images[synnefo.image_name(SITE)]
    flavor = smallest(found["flavors"], backend["disk_templates"])
    for _ in range(ATTEMPTS):
        with made(tenant, master, image, flavor) as server:
            if server.settled() != "ERROR" or not server.instance.met_a_busy_node():
                yield server
                return
    pytest.fail(f"Ganeti did not reach a node in time, {ATTEMPTS} times")


@contextmanager
def made(tenant: Tenant, master: Host, image: str, flavor: str) -> Iterator[Server]:
    """A new machine, which is gone in the end."""
    number = tenant.ask("create", name=NAME, image=image, flavor=flavor)["id"]
    instance = Instance(master, f"snf-{number}")
    try:
        yield Server(tenant, number, instance)
    finally:
        assert instance.goes(lambda: remove(tenant), lambda: not instance.status(), SECONDS), (
            f"{instance.name} stays: {instance.errors()[-600:]}"
        )


def remove(tenant: Tenant) -> None:
    for name, (id, _) in tenant.ask("servers").items():
        if name == NAME:
            tenant.ask("delete", id=id)


@pytest.mark.guide("G283")
def test_machine_is_accepted(server: Server) -> None:
    assert server.status() in ("BUILD", "ACTIVE")


@pytest.mark.guide("G284")
def test_machine_becomes_active(server: Server) -> None:
    status = server.settled()
    assert status != "BUILD", (
        "it stays in BUILD: does "
        "eventd tell the broker (snf-ganeti-eventd.log), the dispatcher listen (dispatcher.log)?"
    )
    assert status == "ACTIVE", f"failed jobs of Ganeti: {server.instance.errors()[-600:]}"


@pytest.mark.guide("G284")
def test_machine_runs_in_ganeti(server: Server) -> None:
    assert eventually(lambda: server.instance.status() == "running", 60), server.instance.status()


@pytest.mark.guide("G284")
def test_console_answers_through_the_proxy(server: Server) -> None:
    found = server.tenant.ask("console", id=server.id)
    assert found["greeting"].startswith("RFB"), f"no VNC server behind the proxy: {found}"
    assert found["host"] == SITE.host_of("vncauthproxy").fqdn


def test_deleted_machine_is_gone_everywhere(server: Server) -> None:
    ask = functools.partial(server.tenant.ask, "delete", id=server.id)
    assert server.instance.goes(ask, lambda: not server.status(), SECONDS), server.status()
    assert eventually(lambda: server.instance.status() == "", 60), server.instance.status()

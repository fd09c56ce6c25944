"""A node's life as a container, with an engine that only remembers."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import Any, cast

import docker
import pytest

from golden import daemon, rundir
from golden.boot.container import engine, images, names, network, options, volumes
from golden.boot.container import target as module
from golden.boot.container.images import Layer
from golden.boot.container.target import Container
from golden.boot.target import SHARED
from golden.errors import UserError
from golden.rundir import NodeDir, State
from tests.unit.boot.fake_docker import Engine
from tests.unit.small_site import small_site

SITE = small_site()
NODE = SITE.nodes[0]


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    made = Engine()
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    monkeypatch.setattr(engine, "connect", lambda: made)
    monkeypatch.setattr(engine, "open_files", lambda: 20000)
    monkeypatch.setattr(network, "check", lambda *words: None)
    monkeypatch.setattr(images, "layers", lambda site, kind: [Layer("top", "new")])
    monkeypatch.setattr(images, "ensure", lambda *words: "golden/top:new")
    monkeypatch.setattr(names, "container", lambda site, node: node)
    return made


def container(fake: Engine, node: str, **attributes: Any) -> Any:
    fake.networks.add("lan", names.labels("small"))
    fake.volumes.add("archip", names.labels("small"))
    return fake.containers.add(node, names.labels("small", node), **attributes)


def booted(node: str) -> NodeDir:
    files = NodeDir("small", node)
    ticks = daemon.start_ticks(os.getpid()) or 0
    state = State(
        os.getpid(), ticks, daemon.boot_id(), 0.0, 22, "container", 1.0, "/x", [], "container"
    )
    files.remember(dataclasses.replace(state, address="198.51.100.1", target="container"))
    return files


def test_down_removes_what_is_ours_and_nothing_else(fake: Engine) -> None:
    container(fake, "n1")
    booted("n1")
    other = {"golden.home": "another clone", "golden.site": "small"}
    for shelf in (fake.containers, fake.networks, fake.volumes):
        shelf.add("foreign", other)
        shelf.add("unmarked")
    assert Container().down("small", "n1", keep=False)
    assert fake.calls == ["remove n1", "remove lan", "remove archip"]
    assert not NodeDir("small", "n1").path.exists()


def test_what_docker_compose_made_of_a_node_goes_with_it_and_is_not_taken_for_ours(
    fake: Engine,
) -> None:
    fake.containers.add("small_n1_1", names.labels("small", "n1"), status="running")
    container(fake, "n1", status="exited", attrs={"Config": {"Image": "golden/top:old"}})
    with pytest.raises(UserError, match="kept from an older bake"):
        Container().check(SITE, (NODE,))
    Container().down("small", "n1", keep=False)
    assert fake.calls == ["remove small_n1_1", "remove n1", "remove lan", "remove archip"]


def test_the_network_stays_while_another_node_is_there(fake: Engine) -> None:
    container(fake, "n1")
    container(fake, "n2")
    assert not Container().down("small", "n1", keep=False), "it was not booted from here"
    assert fake.calls == ["remove n1"]
    Container().down("small", "n2", keep=False)
    assert fake.calls == ["remove n1", "remove n2", "remove lan", "remove archip"]


def test_the_state_stays_when_it_is_to_be_kept_and_goes_with_the_next_down(fake: Engine) -> None:
    made = {}
    for node in ("n1", "n2"):
        made[node] = container(fake, node, attrs={"Config": {"StopSignal": "SIGINT"}})
        fake.volumes.add(f"{node}-state", names.labels("small", node))
        booted(node)
    for node, known in made.items():
        Container().down("small", node, keep=False, keep_state=True)
        assert known.done == ["kill SIGINT", "kill SIGKILL"], "its databases are closed"
    assert fake.calls == ["remove n1", "remove n2", "remove lan"]
    files = NodeDir("small", "n1")
    assert [path.name for path in files.path.iterdir()] == ["target"], "so that `down` finds it"
    assert files.target() == "container"
    Container().down("small", "n1", keep=False)
    assert sorted(fake.calls[3:]) == ["remove archip", "remove n1-state", "remove n2-state"]
    assert not files.path.exists()


def test_one_node_s_state_goes_with_it_alone(fake: Engine) -> None:
    for node in ("n1", "n2"):
        container(fake, node)
        fake.volumes.add(f"{node}-state", names.labels("small", node))
    Container().down("small", "n1", keep=False)
    assert fake.calls == ["remove n1", "remove n1-state"]


def test_a_node_s_volumes_are_made_once_and_marked(fake: Engine) -> None:
    project, client = names.named("small"), cast(docker.DockerClient, fake)
    made = {"archip": f"{project}_archip", "node1-state": f"{project}_n2-state"}
    assert volumes.ensure(client, "small", SHARED) == made[volumes.SHARED]
    assert not Container().has_state_apart("small", "n2")
    assert volumes.ensure(client, "small", "n2") == made[volumes.STATE]
    assert Container().has_state_apart("small", "n2")
    of_node = fake.volumes.get(made["node1-state"]).labels
    assert of_node["golden.node"] == "n2"
    assert of_node["com.docker.compose.volume"] == "n2-state"
    assert "golden.node" not in fake.volumes.get(made["archip"]).labels


def test_a_kept_node_is_shut_down_by_its_init_first(fake: Engine) -> None:
    kept = container(fake, "n1", attrs={"Config": {"StopSignal": "SIGINT"}})
    files = booted("n1")
    assert Container().down("small", "n1", keep=True)
    assert kept.done == ["kill SIGINT", "kill SIGKILL"]
    assert fake.calls == [] and files.state() is None and files.target() == "container"


def test_cut_power_is_one_kill_and_the_container_stays(fake: Engine) -> None:
    kept = container(fake, "n1", attrs={"Config": {"StopSignal": "SIGINT"}})
    files = booted("n1")
    assert Container().cut("small", "n1")
    assert kept.done == ["kill SIGKILL"]
    assert fake.calls == [] and files.state() is None and files.target() == "container"
    kept.status = "exited"
    assert not Container().cut("small", "n1")
    assert not Container().cut("small", "n2")


def test_a_container_kept_from_an_older_bake_is_not_started(fake: Engine) -> None:
    container(fake, "n1", status="exited", attrs={"Config": {"Image": "golden/top:old"}})
    with pytest.raises(UserError, match=r"n1 was kept from an older bake; .*inv down --site small"):
        Container().check(SITE, SITE.nodes)
    fake.containers.things["n1"].attrs["Config"]["Image"] = "golden/top:new"
    Container().check(SITE, SITE.nodes)


def test_up_makes_a_container_or_starts_the_kept_one(
    fake: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def create(client: Engine, site: object, node: object, tag: str) -> Any:
        done.append(f"create {tag}")
        return container(fake, "n1")

    def start(found: Any, files: NodeDir, address: str, tag: str) -> State:
        done.append(f"start {found.name} at {address}")
        booted("n1")
        state = files.state()
        assert state is not None
        return state

    monkeypatch.setattr(module, "_create", create)
    monkeypatch.setattr(module, "_start", start)
    assert Container().up(SITE, NODE)
    assert done == ["create golden/top:new", "start n1 at 198.51.100.1"]
    assert not Container().up(SITE, NODE), "it runs already"
    NodeDir("small", "n1").forget()
    fake.containers.things["n1"].status = "exited"
    NodeDir("small", "n1").console.write_text("@firstboot of the last time")
    assert Container().up(SITE, NODE)
    assert done[2:] == ["start n1 at 198.51.100.1"]
    assert not NodeDir("small", "n1").console.exists(), "an old console would look ready"


def test_a_running_container_that_nobody_remembers_is_made_anew(
    fake: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    container(fake, "n1")
    monkeypatch.setattr(module, "_create", lambda *words: container(fake, "n1"))
    monkeypatch.setattr(
        module, "_start", lambda *words: State(1, 1, "", 0, 22, "", 1, "", [], "qemu")
    )
    assert Container().up(SITE, NODE)
    assert fake.calls == ["remove n1"]


def test_a_container_that_was_set_aside_comes_back_with_what_it_mounts(fake: Engine) -> None:
    old, files, place = container(fake, "n1", status="exited"), NodeDir("small", "n1"), Container()
    (files.path / "seed").mkdir(parents=True)
    (files.path / "seed" / "user-data").write_text("of then")
    for _ in range(2):
        place.set_aside("small", "n1")
        assert fake.containers.things == {"n1.former": old} and not (files.path / "seed").exists()
    container(fake, "n1", status="exited")
    (files.path / "seed").mkdir()
    (files.path / "seed" / "user-data").write_text("newer")
    for _ in range(2):
        place.take_back("small", "n1")
        assert fake.containers.things == {"n1": old}
        assert (files.path / "seed" / "user-data").read_text() == "of then"
    place.set_aside("small", "n1")
    container(fake, "n1", status="exited")
    place.forget_aside("small", "n1")
    assert set(fake.containers.things) == {"n1"}
    place.set_aside("small", "n1")
    place.down("small", "n1", keep=False)
    assert not fake.containers.things, "the end of a node is that of what it has set aside"


def test_the_machine_s_state_is_docker_s_word(fake: Engine) -> None:
    assert Container().machine_state("small", "n1") == "off"
    booted("n1")
    container(fake, "n1", status="paused")
    assert Container().machine_state("small", "n1") == "paused"


def test_the_environment_file_has_every_value_of_compose_yaml() -> None:
    nodes = tuple(
        dataclasses.replace(node, name=f"node{number}")
        for number, node in enumerate(SITE.nodes, start=1)
    )
    values = module.compose_values(dataclasses.replace(SITE, nodes=nodes))
    asked = set(re.findall(r"\$\{(\w+)\}", options.COMPOSE.read_text()))
    assert asked == set(values) - {"COMPOSE_PROJECT_NAME"}
    assert values["NODE2_ADDRESS"] == "198.51.100.2"
    assert values["GOLDEN_HOST_ADDRESS"] == "198.51.100.254"


def test_a_node_of_any_name_fills_the_pattern() -> None:
    service = options.pattern(module.values(SITE, SITE.nodes[1], "golden/top:new"))
    assert service["hostname"] == "n2.small.example"
    assert service["networks"]["lan"]["ipv4_address"] == "198.51.100.2"
    assert (
        str(NodeDir("small", "n2").path / "seed") + ":/var/lib/golden-seed:ro" in service["volumes"]
    )


def test_what_the_engine_tells_of_a_node_its_image_and_its_output_is_searched(fake: Engine) -> None:
    image = fake.images.add("top", attrs={"Config": {"Env": ["A=in-image"]}})
    image.history = lambda: [{"CreatedBy": "in-history"}]
    made = {"attrs": {"Config": {"Env": ["B=in-container"]}}, "image": image}
    container(fake, "n1", logs=lambda: b"in-output", **made)
    fake.containers.add("other", {"golden.home": "another clone", "golden.site": "small"})
    (told,) = module.told("small").values()
    for word in (b"in-image", b"in-history", b"in-container", b"in-output"):
        assert word in told


def test_without_an_engine_there_is_nothing_to_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise UserError("no Docker engine answers")

    monkeypatch.setattr(engine, "connect", absent)
    assert module.told("small") == {}

"""A bake in the container golden-builder, which is not privileged, gives the bytes of one on a
Debian with the same tools; and the checkout stays its owner's. Takes twenty minutes."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
import yaml

from golden import builder, paths, run
from tests.integration.machine.bare import WAYS, Machine
from tests.integration.own_engine import own_engine

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: an engine of one's own needs root"),
]
OWNER = 54321
MINUTES = 20
SERVICE = yaml.safe_load((paths.ROOT / "compose/builder.yaml").read_text())["services"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[docker.DockerClient]:
    """Of an engine of its own, with the image."""
    with own_engine(tmp_path_factory.mktemp("dockerd")) as client:
        builder.make()
        yield client


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone of this checkout that belongs to a user."""
    place = tmp_path / "checkout"
    run.run(["git", "clone", "--quiet", paths.ROOT, place])
    run.run(["chown", "-R", f"{OWNER}:{OWNER}", place])
    return place


@pytest.fixture
def debian(tmp_path: Path) -> Iterator[Path]:
    """A clone of this checkout whose bake was made on a Debian with the tools of today's mirror."""
    machine = Machine(tmp_path / "debian")
    machine.make()
    said = machine.run("env", "--chdir=/root/golden", "./inv", "bake", log=tmp_path / "debian.log")
    assert said.code == 0, said.out[-4000:]
    yield machine.root / "root/golden"
    shutil.rmtree(machine.root)


def start(client: docker.DockerClient, place: Path, *words: str) -> Any:
    """A container as compose/builder.yaml has it, with this host's network and way to mirrors."""
    service = dict(SERVICE[builder.NAME])
    binds = [f"{place}:/golden", "cache:/var/cache/golden"]
    assert [line.partition(":")[2] for line in service.pop("volumes")] == [
        line.partition(":")[2] for line in binds
    ]
    del service["pull_policy"]
    (place.parent / "apt.conf").write_text(run.run(["apt-config", "dump", "Acquire"]).out)
    binds += [f"{place.parent}/apt.conf:/etc/apt/apt.conf.d/host:ro"]
    binds += [f"{way}:{way}:ro" for way in WAYS if Path(way).is_file()]
    # The test's engine has no network of its own.
    service |= {"network_mode": "host", "volumes": binds}
    return client.containers.run(command=[*words], detach=True, **service)


def ended(container: Any) -> tuple[int, str]:
    code = container.wait(timeout=MINUTES * 60)["StatusCode"]
    said = container.logs().decode()
    container.remove()
    return code, said


def strangers(place: Path) -> list[str]:
    return [str(path) for path in place.rglob("*") if path.lstat().st_uid != OWNER]


def manifests(checkout: Path) -> dict[str, Any]:
    files = (checkout / ".artifacts/rehearsal").glob("*/manifest.json")
    return {file.parent.name: json.loads(file.read_text()) for file in files}


def test_what_is_interrupted_leaves_nothing(client: docker.DockerClient, checkout: Path) -> None:
    cut = start(client, checkout, "inv", "bake")
    while not list(checkout.glob(".cache/log/bake/rehearsal/*.log")):
        time.sleep(1)
        cut.reload()
        assert cut.status == "running", cut.logs().decode()
    cut.kill(signal="SIGINT")
    assert ended(cut)[0] == 1 and strangers(checkout) == []
    cache = Path(client.volumes.get("cache").attrs["Mountpoint"])
    assert list((cache / "work").iterdir()) == []


def test_its_disks_are_those_of_a_debian(
    client: docker.DockerClient, checkout: Path, debian: Path
) -> None:
    for command in ("./inv bake", "inv plan", "inv secrets", "inv diff node1 node2"):
        code, said = ended(start(client, checkout, *command.split()))
        assert code == 0, said
    assert strangers(checkout) == []
    ours, theirs = manifests(debian), manifests(checkout)
    assert ours.keys() == theirs.keys() == {"node1", "node2"}
    for kind, record in ours.items():
        assert record["tools"] == theirs[kind]["tools"]
        for fact in ("sha256", "uuid"):
            disks = (record["artifacts"]["qcow2"], theirs[kind]["artifacts"]["qcow2"])
            assert disks[0][fact] == disks[1][fact], kind

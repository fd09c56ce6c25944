"""Layers and a console on a real Docker engine; the containers hold a shell and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from golden import definition, paths, run
from golden.boot import terminal
from golden.boot.container import engine, images, names, volumes
from golden.boot.container import target as module
from golden.boot.container.images import Layer
from golden.boot.target import SHARED
from golden.errors import UserError
from golden.rundir import NodeDir
from tests.integration.own_engine import own_engine
from tests.unit import baked_disk
from tests.unit.boot import odd_files
from tests.unit.small_site import small_site
from tests.waiting import heard, until

pytestmark = pytest.mark.slow

SITE = small_site()
KIND = SITE.kinds[0]
TOOLS = (
    "chown",
    "cut",
    "df",
    "du",
    "find",
    "mv",
    "rm",
    "sleep",
    "stat",
    "sync",
    "tail",
    "tar",
    "touch",
)
SCRIPT = 'echo "a line"; while read -r line; do echo "you said $line"; done'


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[docker.DockerClient]:
    """Of the engine that is there, else of one that ends with these tests."""
    try:
        yield engine.connect()
    except UserError:
        with own_engine(tmp_path_factory.mktemp("dockerd")) as client:
            yield client


@pytest.fixture
def cache(
    client: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Path]:
    """A project folder of its own, so that nothing of a site that runs here is touched."""
    here = engine.socket_path()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{here}")
    monkeypatch.setattr(paths, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(paths, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(paths, "SECRETS", tmp_path / "secrets")
    yield tmp_path / "cache"
    shutil.rmtree(tmp_path / "cache")
    images.prune(client, module.home())


def layer(name: str, fill: Callable[[Path], None]) -> Layer:
    made = Layer(name, os.urandom(8).hex())
    made.tree.mkdir(parents=True)
    fill(made.tree)
    record = {"name": name, "boot": "", "settled": True}
    (made.tree.parent / "layer.json").write_text(json.dumps(record))
    return made


def programs(tree: Path, *paths: str) -> None:
    """Programs of this host, and the libraries that they name."""
    ldd = subprocess.run(["ldd", *paths], capture_output=True, text=True, check=True).stdout
    words = (word for line in ldd.splitlines() for word in line.split())
    for path in {*paths, *(word for word in words if word.startswith("/") and word[-1] != ":")}:
        target = tree / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(path).resolve(), target)


def tools(tree: Path) -> None:
    """What every node's image has, as far as a volume is saved with it."""
    found = [run.which(name) for name in ("sh", *TOOLS)]
    programs(tree, *(str(path) for path in found if path))


def shell(tree: Path) -> None:
    """dash, and two files for the next layer to change."""
    programs(tree, "/bin/dash")
    (tree / "etc").mkdir()
    for name in ("kept", "deleted"):
        (tree / "etc" / name).write_text("of the lower layer")
    (tree / "sbin").mkdir()
    (tree / "sbin/init").write_text(f"#!/bin/dash\n{SCRIPT}\n")
    (tree / "sbin/init").chmod(0o755)


def changes(tree: Path) -> None:
    (tree / "etc").mkdir()
    (tree / "etc/added").write_text("of the upper layer")
    os.mknod(tree / "etc/deleted", stat.S_IFCHR, os.makedev(0, 0))


def bake(*stack: Layer) -> None:
    layers = [{"name": each.name, "key": each.key} for each in stack]
    baked_disk.record(SITE.name, KIND.name, "tree", layers=layers)


def test_layers_lie_on_each_other_as_baked(client: docker.DockerClient, cache: Path) -> None:
    lower, upper = layer("lower", shell), layer("upper", changes)
    bake(lower, upper)
    told: list[str] = []
    tag = images.ensure(client, SITE, KIND, module.home(), told.append)
    assert told == ["importing layer lower", "importing layer upper"]
    script = 'for f in /etc/*; do echo "$f"; done; read -r text </etc/kept; echo "$text"'
    said = client.containers.run(tag, ["/bin/dash", "-c", script], network_mode="none", remove=True)
    assert {"/etc/added", "/etc/kept", "of the lower layer"} <= set(said.decode().splitlines())
    assert "/etc/deleted" not in said.decode()
    # Only what is new goes in: another layer on the same one.
    other = layer("other", changes)
    bake(lower, other)
    told.clear()
    images.ensure(client, SITE, KIND, module.home(), told.append)
    assert told == ["importing layer other"]
    shutil.rmtree(upper.tree.parent)
    assert images.prune(client, module.home()) == [upper.tag]


def test_a_console_is_followed_and_typed_at(
    client: docker.DockerClient, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bake(layer("lower", shell))
    tag = images.ensure(client, SITE, KIND, module.home(), [].append)
    monkeypatch.setattr("golden.rundir.CACHE", tmp_path)
    files = NodeDir("small", "n1")
    files.path.mkdir(parents=True)
    made = client.containers.create(
        tag,
        name=names.container("small", "n1"),
        tty=True,
        stdin_open=True,
        network_mode="none",
        labels=names.labels("small", "n1"),
    )
    try:
        state = module._start(made, files, "127.0.0.1", tag)
        files.remember(state)
        assert module.Container().machine_state("small", "n1") == "running"
        until(lambda: "a line" in files.console.read_text())
        with terminal.sockets.connected(files.console_socket) as link:
            link.sendall(b"hello\n")
            until(lambda: "you said hello" in files.console.read_text())
            heard(link.fileno(), b"hello")
    finally:
        module.Container().down("small", "n1", keep=False)
    assert client.containers.list(all=True, filters={"label": f"golden.home={module.home()}"}) == []
    until(lambda: not files.path.exists())


@pytest.mark.parametrize("node", ["n1", SHARED])
def test_a_volume_is_what_it_was_to_the_last_byte(
    client: docker.DockerClient,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    node: str,
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root looks into the engine's volumes; tests/unit/boot/test_saving.py")
    monkeypatch.setattr("golden.rundir.CACHE", tmp_path)
    monkeypatch.setattr(definition, "load", lambda name: SITE)
    bake(layer("lower", tools))
    place, saved = module.Container(), tmp_path / "saved"
    try:
        files = mounted(client, node)
        odd_files.fill(files)
        before = odd_files.facts(files)
        assert {"device", "fifo", "setuid"} <= before.keys()
        kept = {"user.note", "system.posix_acl_access"}
        assert kept == before[".hidden"]["attributes"].keys()
        need = place.state_bytes("small", node)
        place.save_state("small", node, saved)
        assert need == (saved / volumes.ARCHIVE).stat().st_size
        later(files)
        place.restore_state("small", node, saved)
        assert odd_files.facts(files) == before
        refuses_what_is_in_use(client, place, node, saved)
        place.down("small", "n1", keep=False)
        assert not place.has_state_apart("small", node)
        place.restore_state("small", node, saved)
        assert odd_files.facts(mounted(client, node)) == before
    finally:
        place.down("small", "n1", keep=False)
    ours = {"label": f"golden.home={module.home()}"}
    assert client.containers.list(all=True, filters=ours) == []
    assert client.volumes.list(filters=ours) == []


def mounted(client: docker.DockerClient, node: str) -> Path:
    """The folder of the engine with the files of a volume."""
    made = client.volumes.get(volumes.ensure(client, "small", node))
    return Path(made.attrs["Mountpoint"])


def later(files: Path) -> None:
    (files / "golden-state.json").unlink()
    (files / "sparse").write_text("shorter")
    (files / "of a later day").mkdir()
    (files / "setuid").chmod(0o600)


def refuses_what_is_in_use(
    client: docker.DockerClient, place: module.Container, node: str, saved: Path
) -> None:
    user = client.containers.run(
        images.layers(SITE, KIND)[0].tag,
        ["sleep", "60"],
        detach=True,
        network_mode="none",
        labels=names.labels("small", "n1"),
        volumes={volumes.ensure(client, "small", node): {"bind": "/state"}},
    )
    for act in (place.save_state, place.restore_state):
        folder = saved if act == place.restore_state else saved.with_name("other")
        with pytest.raises(UserError, match=f"the container {user.name} runs, and may write"):
            act("small", node, folder)
    user.remove(force=True)

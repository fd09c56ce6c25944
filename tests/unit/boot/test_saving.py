"""A node's state as files and back; what a container of the node does, this host's programs do."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from golden import definition, rundir
from golden.boot.container import engine, images, names, volumes
from golden.boot.container.target import Container
from golden.boot.disks import stamp
from golden.boot.qemu.target import Qemu
from golden.boot.target import SHARED, Target
from golden.errors import StageError, UserError
from golden.rundir import NodeDir, State
from tests.unit import baked_disk
from tests.unit.boot import odd_files
from tests.unit.boot.fake_docker import Engine, Shelf, Thing
from tests.unit.small_site import small_site


class Helper(Thing):
    """A container that runs a script over folders of this host."""

    def __init__(self, shelf: Shelf, name: str, words: list[str], mounts: dict[str, str]) -> None:
        super().__init__(shelf, name, {}, status="created")
        for place, source in mounts.items():
            words = [re.sub(rf"^{place}(?=/|$)", source, word) for word in words]
        self.words = words

    def start(self) -> None:
        out, both = subprocess.PIPE, subprocess.STDOUT
        self.done_ = subprocess.run(self.words, stdout=out, stderr=both, check=False)

    def wait(self) -> dict[str, int]:
        return {"StatusCode": self.done_.returncode}

    def logs(self) -> bytes:
        return self.done_.stdout


class Docker(Engine):
    """An engine with the volumes of a site, each a folder below `root`."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root, self.asked = root, list[dict[str, Any]]()
        setattr(self.containers, "create", self.create)  # noqa: B010
        make = self.volumes.create
        setattr(self.volumes, "create", lambda name, **more: self.at(name, make(name, **more)))  # noqa: B010

    def at(self, name: str, made: Thing) -> Thing:
        (self.root / name).mkdir(parents=True, exist_ok=True)
        return made

    def create(self, tag: str, words: list[str], name: str, mounts: Any, **options: Any) -> Helper:
        self.asked.append({"tag": tag, **options})
        places = {
            each["Target"]: each["Source"]
            if each["Type"] == "bind"
            else str(self.root / each["Source"])
            for each in mounts
        }
        made = Helper(self.containers, name, words, places)
        self.containers.things[name] = made
        return made


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Docker:
    made = Docker(tmp_path / "volumes")
    monkeypatch.setattr(rundir, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(engine, "connect", lambda: made)
    monkeypatch.setattr(images, "ensure", lambda *words: "golden/top:new")
    monkeypatch.setattr(definition, "load", lambda site: small_site())
    return made


def volume(fake: Docker, node: str) -> Path:
    """The folder of the volume of a node."""
    return fake.root / volumes.ensure(fake, "small", node)  # type: ignore[arg-type]


@pytest.mark.parametrize("node", ["n1", SHARED])
def test_a_container_s_state_is_what_it_was_to_the_last_byte(
    fake: Docker, tmp_path: Path, node: str
) -> None:
    place, saved = volume(fake, node), tmp_path / "saved"
    odd_files.fill(place)
    before = odd_files.facts(place)
    Container().save_state("small", node, saved)
    assert stat.filemode(saved.stat().st_mode) == "drwx------"
    (archive,) = saved.iterdir()
    assert (stat.filemode(archive.stat().st_mode), archive.owner()) == ("-rw-------", me())
    assert archive.stat().st_size == Container().state_bytes("small", node) < 1 << 20
    (place / "later").mkdir()
    (place / "-rf").touch()
    (place / "golden-state.json").unlink()
    (place / "var/lib/postgresql/15/main/PG_VERSION").write_text("16\n")
    shutil.rmtree(place / "empty")
    (place / "empty").touch()
    Container().restore_state("small", node, saved)
    assert odd_files.facts(place) == before
    assert (place / "sparse").stat().st_blocks < 1000
    assert fake.containers.things == {}
    for asked in fake.asked:
        assert asked["tag"] == "golden/top:new" and asked["network_mode"] == "none"
        assert asked["labels"] == names.labels("small", "n1"), "so that `down` finds it"


def me() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def test_a_container_s_state_comes_to_a_host_that_has_nothing_of_it(
    fake: Docker, tmp_path: Path
) -> None:
    place, saved = volume(fake, "n1"), tmp_path / "saved"
    odd_files.fill(place)
    before = odd_files.facts(place)
    Container().save_state("small", "n1", saved)
    shutil.rmtree(place)
    fake.volumes.things.clear()
    Container().restore_state("small", "n1", saved)
    assert odd_files.facts(place) == before
    assert fake.volumes.get(place.name).labels["golden.node"] == "n1"
    assert NodeDir("small", "n1").target() == "container"


def test_a_restoration_that_was_cut_leaves_no_volume_that_a_node_would_use(
    fake: Docker, tmp_path: Path
) -> None:
    place, saved, cut = volume(fake, "n1"), tmp_path / "saved", tmp_path / "cut"
    odd_files.fill(place)
    before = odd_files.facts(place)
    Container().save_state("small", "n1", saved)
    cut.mkdir()
    whole = (saved / volumes.ARCHIVE).read_bytes()
    (cut / volumes.ARCHIVE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StageError, match=r"n1-state could not be restored") as caught:
        Container().restore_state("small", "n1", cut)
    assert "Unexpected EOF in archive" in str(caught.value)
    left = {path.name for path in place.iterdir()}
    assert left and "golden-state.json" not in left, "it has files and no mark: half-written"
    Container().restore_state("small", "n1", saved)
    assert odd_files.facts(place) == before


def test_the_mark_is_the_first_to_go(
    fake: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, saved = volume(fake, "n1"), tmp_path / "saved"
    odd_files.fill(place)
    Container().save_state("small", "n1", saved)
    killed = tmp_path / "bin" / "find"
    killed.parent.mkdir()
    killed.write_text("#!/bin/sh\nkill -KILL $PPID\n")
    killed.chmod(0o755)
    monkeypatch.setenv("PATH", f"{killed.parent}:{os.environ['PATH']}")
    with pytest.raises(StageError, match="could not be restored"):
        Container().restore_state("small", "n1", saved)
    assert not (place / "golden-state.json").exists() and (place / "sparse").exists()


def test_a_volume_that_is_in_use_is_neither_saved_nor_restored(
    fake: Docker, tmp_path: Path
) -> None:
    place = volume(fake, "n1")
    user = fake.containers.add("small-n1", uses=(place.name,))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / volumes.ARCHIVE).touch()
    target = Container()
    for act, folder in (
        (target.save_state, tmp_path / "saved"),
        (target.restore_state, tmp_path / "there"),
    ):
        with pytest.raises(UserError, match=r"small-n1 runs, .*inv down --site small --keep"):
            act("small", "n1", folder)
    assert not list(tmp_path.glob("*saved*"))
    assert Container().state_bytes("small", "n1") > 0, "how much room is needed it says before"
    user.status = "exited"
    Container().save_state("small", "n1", tmp_path / "saved")


def test_what_a_killed_run_left_is_ended_first(fake: Docker, tmp_path: Path) -> None:
    place = volume(fake, "n1")
    left = volumes._helper_name("small", "n1")
    fake.containers.add(left, uses=(place.name,))
    (tmp_path / ".saved.partial").mkdir()
    (tmp_path / ".saved.partial/half").touch()
    Container().save_state("small", "n1", tmp_path / "saved")
    assert [path.name for path in (tmp_path / "saved").iterdir()] == [volumes.ARCHIVE]
    assert fake.calls[-3:] == [f"remove {left}"] * 3 and not fake.containers.things


def test_a_restoration_without_room_changes_nothing(
    fake: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, saved = volume(fake, "n1"), tmp_path / "saved"
    odd_files.fill(place)
    Container().save_state("small", "n1", saved)
    before = odd_files.facts(place)
    # A file that is long and takes no room.
    os.truncate(saved / volumes.ARCHIVE, shutil.disk_usage(tmp_path).total * 2)
    with pytest.raises(UserError, match=r"no room for the \d+ MiB .*stays as it is"):
        Container().restore_state("small", "n1", saved)
    assert odd_files.facts(place) == before


def machine(node: str) -> tuple[Path, Path]:
    """The two disks of a machine with state."""
    files = NodeDir("small", node)
    files.path.mkdir(parents=True)
    for disk in (files.kept, files.data):
        with disk.open("wb") as file:
            file.write(os.urandom(9000))
            file.truncate(32 << 20)
    return files.kept, files.data


def test_a_machine_s_disks_are_what_they_were(tmp_path: Path) -> None:
    kept, data = machine("n1")
    before = [path.read_bytes()[:10000] for path in (kept, data)]
    saved = tmp_path / "saved"
    Qemu().save_state("small", "n1", saved)
    assert sorted(path.name for path in saved.iterdir()) == ["data.qcow2", "state.qcow2"]
    assert sum(path.stat().st_blocks for path in saved.iterdir()) < 1000, "sparse"
    kept.write_bytes(b"later")
    Qemu().restore_state("small", "n1", saved)
    assert [path.read_bytes()[:10000] for path in (kept, data)] == before
    shutil.rmtree(kept.parent)
    (saved / "data.qcow2").unlink()
    Qemu().restore_state("small", "n1", saved)
    assert (kept.exists(), data.exists()) == (True, False)
    assert NodeDir("small", "n1").target() == "qemu"
    assert not Qemu().has_state_apart("small", SHARED)


@pytest.mark.parametrize("place", [Container(), Qemu()], ids=lambda place: place.name)
def test_a_disk_that_has_not_the_room_is_told_and_nothing_is_left(
    fake: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Target
) -> None:
    machine("n1")
    odd_files.fill(volume(fake, "n1"))
    usage: Any = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=9000))
    with pytest.raises(UserError, match=r"0 MiB are free, and the state of n1 needs 1 MiB: make"):
        place.save_state("small", "n1", tmp_path / "saved")
    assert not list(tmp_path.glob("*saved*"))


@pytest.mark.parametrize("place", [Container(), Qemu()], ids=lambda place: place.name)
def test_what_is_not_there_is_told_and_nothing_is_made(
    fake: Docker, tmp_path: Path, place: Target
) -> None:
    (tmp_path / "empty").mkdir()
    acts: list[Callable[[], object]] = [
        lambda: place.state_bytes("small", "n1"),
        lambda: place.save_state("small", "n1", tmp_path / "saved"),
        lambda: place.save_state("small", "n1", tmp_path / "empty"),
        lambda: place.restore_state("small", "n1", tmp_path / "empty"),
    ]
    for act in acts:
        with pytest.raises(UserError, match=r"no state|there already"):
            act()
    assert not list(tmp_path.glob("*saved*")) and fake.volumes.things == {}
    assert not NodeDir("small", "n1").path.exists()


def test_what_runs_from_an_image_that_was_replaced_could_not_start_again(
    monkeypatch: pytest.MonkeyPatch, own_home: Path
) -> None:
    site = small_site()
    node, files = site.nodes[0], NodeDir("small", "n1")
    state = State(1, 1, "", 0.0, 22, "", 1.0, "golden/top:old", [], "container")
    files.remember(state)
    for key, again in (("old", True), ("new", False)):
        monkeypatch.setattr(images, "layers", lambda *_, key=key: [images.Layer("top", key)])
        assert Container().starts_again(site, node) is again
    disk = baked_disk.record("small", "master", "qcow2")
    rundir.write(files.base, [str(disk), *stamp(disk)])
    assert Qemu().starts_again(site, node)
    baked_disk.record("small", "master", "raw")
    os.utime(disk.with_suffix(".raw"), (disk.stat().st_mtime + 1,) * 2)
    assert not Qemu().starts_again(site, node)

"""What libvirt keeps of a node for its next system disk."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from golden import definition, rundir
from golden.boot.libvirt import disks, ownership
from golden.boot.libvirt.target import Libvirt
from golden.boot.libvirt.volumes import Pool
from golden.errors import UserError
from golden.render import machines
from golden.rundir import NodeDir
from tests.unit.boot.fake_libvirt import Fake
from tests.unit.small_site import small_site

SITE = small_site()


def test_state_and_the_machines_disks_outlive_the_system() -> None:
    base = ownership.named("small", f"master.0123{disks.BASE}")
    one, two = disks.names("small", "n1"), disks.names("small", "n2")
    there = Fake(stored={"default": {*one, *two, base}})
    assert not disks.remove(there, "small", "n1", keep_state=True)
    kept = {name for name in one if name.endswith((".data", ".state"))}
    assert len(kept) == 2 and there.stored["default"] == {*kept, *two, base}
    assert disks.remove(there, "small", "n2"), "nobody's system lies on the images now"
    assert there.stored["default"] == kept
    assert disks.state_pool(there, "small", "n1") == "default"
    assert disks.remove(there, "small", "n1") and there.stored["default"] == set()


def test_down_leaves_the_state_where_the_next_boot_looks_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    files = NodeDir("small", "n1")
    files.begin()
    files.claim("libvirt", "qemu+ssh://there/system")
    files.seed.touch()
    there = Fake(stored={"default": set(disks.names("small", "n1"))})
    monkeypatch.setattr(Libvirt, "_virsh", lambda *_: there)
    assert Libvirt().has_state_apart("small", "n1")
    assert not Libvirt().has_state_apart("small", "n2")
    Libvirt().down("small", "n1", keep=False, keep_state=True)
    assert (files.target(), files.connect()) == ("libvirt", "qemu+ssh://there/system")
    assert not files.seed.exists() and len(there.stored["default"]) == 2
    Libvirt().down("small", "n1", keep=False)
    assert not files.path.exists() and there.stored["default"] == set()


def test_a_node_is_not_started_empty_beside_its_state(monkeypatch: pytest.MonkeyPatch) -> None:
    there = Fake(stored={"default": set(), "other": {ownership.named("small", "n1.state")}})
    monkeypatch.setattr(Libvirt, "_virsh", lambda *_: there)
    with pytest.raises(UserError, match=r"small\.yaml: libvirt: pool: default, but .*in other;"):
        Libvirt().check(SITE, SITE.nodes[:1])


class Volumes(Fake):
    """The same, and `bytes` are in its volumes, by name."""

    def __init__(self, **stored: set[str]) -> None:
        super().__init__(stored=stored)
        self.bytes.update({name: name.encode() for found in stored.values() for name in found})

    @functools.cached_property
    def bytes(self) -> dict[str, bytes]:
        return {}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Volumes:
    """A libvirt with the disks of n1 in the pool `other`."""
    names = disks.names("small", "n1")
    found = Volumes(default=set(), other=set(names))
    monkeypatch.setattr(rundir, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(Libvirt, "_virsh", lambda *_: found)
    monkeypatch.setattr(definition, "load", lambda _: SITE)
    monkeypatch.setattr(disks.volumes, "virtual_size", lambda file: file.stat().st_size)
    monkeypatch.setattr(Pool, "read", lambda _, name, file: file.write_bytes(found.bytes[name]))
    monkeypatch.setattr(
        Pool, "fill", lambda _, name, file, say: found.bytes.update({name: file.read_bytes()})
    )
    return found


def test_state_is_saved_and_restored_where_nothing_is_left(there: Volumes, tmp_path: Path) -> None:
    before, place = dict(there.bytes), Libvirt()
    assert place.state_bytes("small", "n1") == 2 * 7
    place.save_state("small", "n1", tmp_path / "saved")
    saved = {file.name: file.read_bytes() for file in (tmp_path / "saved").iterdir()}
    data, state = (ownership.named("small", f"n1.{disk}") for disk in ("data", "state"))
    assert saved == {"data.qcow2": data.encode(), "state.qcow2": state.encode()}
    place.down("small", "n1", keep=False)
    assert there.stored == {"default": set(), "other": set()}
    there.bytes.clear()
    place.restore_state("small", "n1", tmp_path / "saved")
    # Twice, as after a kill.
    place.restore_state("small", "n1", tmp_path / "saved")
    assert there.stored == {"default": {data, state}, "other": set()}
    assert there.bytes == {name: before[name] for name in (data, state)}
    assert (NodeDir("small", "n1").target(), place.has_state_apart("small", "n1")) == (
        "libvirt",
        True,
    )


def test_a_restoration_goes_where_the_state_is(there: Volumes, tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved/state.qcow2").write_bytes(b"of a year")
    Libvirt().restore_state("small", "n1", tmp_path / "saved")
    state = ownership.named("small", "n1.state")
    assert there.bytes[state] == b"of a year" and state in there.stored["other"]
    # It had none when it was saved.
    assert ownership.named("small", "n1.data") not in there.stored["other"]


def test_what_cannot_be_saved_or_restored(
    there: Volumes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dict(there.stored)
    with pytest.raises(UserError, match="n2 of site small: at target libvirt there is no state"):
        Libvirt().save_state("small", "n2", tmp_path / "saved")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no state of a machine: state\.qcow2 is missing"):
        Libvirt().restore_state("small", "n1", tmp_path / "empty")
    monkeypatch.setattr(ownership, "find", lambda *_: object())
    monkeypatch.setattr(Fake, "state", lambda *_: "running")
    for act in (Libvirt().save_state, Libvirt().restore_state):
        with pytest.raises(UserError, match="n1 of site small runs, and writes to its disks"):
            act("small", "n1", tmp_path / "other")
    assert there.stored == before and not (tmp_path / "other").exists()


def test_a_machine_that_was_set_aside_comes_back_over_a_newer_one(there: Volumes) -> None:
    place, name = Libvirt(), ownership.named("small", "n1")
    root, _, seed, _ = disks.names("small", "n1")

    def machine(base: str) -> str:
        host = machines.Machine(ownership.named("small"), ownership.checkout(), "uuid", image=base)
        return machines.domain(SITE, SITE.nodes[0], host).decode()

    old, new = (ownership.named("small", f"master.{each}{disks.BASE}") for each in ("0", "1"))
    there.machines[name] = machine(old)
    there.stored["other"] |= {old, new}
    place.set_aside("small", "n1")
    place.set_aside("small", "n1")
    assert there.machines == {}
    for again in range(2):
        there.machines[name] = machine(new)
        there.bytes[root] = b"the newer system"
        place.take_back("small", "n1")
        assert ownership.image(there.domain(name)) == old, again
        assert (there.bytes[root], there.bytes[seed]) == (root.encode(), seed.encode())
    place.forget_aside("small", "n1")
    assert there.stored["other"] == {*disks.names("small", "n1"), old}


def test_nothing_comes_back_where_nothing_was_set_aside(there: Volumes) -> None:
    # As of a node whose upgrade was cut before its turn.
    Libvirt().take_back("small", "n1")
    assert there.done == []

"""What libvirt keeps of a node for its next system disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from golden import rundir
from golden.boot.libvirt import disks, ownership
from golden.boot.libvirt.target import Libvirt
from golden.errors import UserError
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

"""Disks with a tiny guest, and a libvirt daemon with a site whose nodes boot them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from golden import disk, paths, rundir
from golden.boot import accelerator, watching
from golden.boot.libvirt.target import Libvirt
from golden.boot.libvirt.virsh import Virsh
from golden.definition.models import Site
from golden.keys import secrets
from tests.integration.boot import libvirt_daemon, tiny_guest
from tests.unit import baked_disk
from tests.unit.small_site import small_site

SIZE_MIB = 128
QCOW2 = {"compat": "1.1", "compression": "zstd"}


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A disk whose guest is ready alone, and one that waits until the other node answers."""
    made = {}
    for name in ("alone", "pair"):
        folder = tmp_path_factory.mktemp(name)
        out = folder / "disk.qcow2"
        tree = tiny_guest.make(folder, alone=name == "alone")
        disk.build(tree, out, size_mib=SIZE_MIB, identity=name, options=QCOW2)
        made[name] = out
    return made


@pytest.fixture(scope="session")
def virsh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Virsh]:
    """A daemon that holds a machine, a network and a volume of somebody else."""
    if os.geteuid() != 0:
        pytest.skip("NOT RUN: a libvirtd of one's own needs root")
    with libvirt_daemon.started(tmp_path_factory.mktemp("libvirtd")) as there:
        yield there


@pytest.fixture
def libvirt_site(
    virsh: Virsh, images: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[str], Site]]:
    """Gives a site whose nodes boot one of `images`; its machines end with the test."""
    for module in (rundir, accelerator, watching, paths):
        monkeypatch.setattr(module, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(paths, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(paths, "SECRETS", tmp_path / "signing")
    monkeypatch.setattr(secrets, "SECRETS", tmp_path / "secrets")
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", virsh.uri)
    small = tiny_guest.lean(small_site())

    def use(image: str) -> Site:
        for kind in small.kinds:
            folder = tmp_path / "artifacts" / small.name / kind.name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "disk.qcow2").unlink(missing_ok=True)
            (folder / "disk.qcow2").symlink_to(images[image])
            baked_disk.record(small.name, kind.name)
        return small

    yield use
    for node in small.nodes:
        Libvirt().down(small.name, node.name, keep=False)
    assert libvirt_daemon.seen(virsh) == libvirt_daemon.THEIRS

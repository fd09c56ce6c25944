"""Packer's source qemu.disk for real: a machine from our own layers installs one package."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from golden import disk, paths, run
from golden.bake import bake
from golden.bake.layer import Builder
from golden.boot.accelerator import choose
from golden.definition import load
from golden.layers import Layer, Store, View, Workspace, working
from golden.packages import AptState, Resolution, Resolver, fetch
from golden.recipe import SCRIPTS, Recipe, Recipes, payload, resolve
from golden.render import render
from tests.integration.bake import machine

pytestmark = pytest.mark.slow
SITE = "rehearsal"

# What a disk of layers without the site's own needs to let Packer in.
OPEN = """\
set -eu
ssh-keygen -A
mkdir -m 700 /root/.ssh
cp /run/bake/input/authorized_keys /root/.ssh/authorized_keys
printf 'auto lo\\niface lo inet loopback\\n' >/etc/network/interfaces
printf 'auto eth0\\niface eth0 inet static\\n address 10.0.2.15/24\\n' >>/etc/network/interfaces
tar -xf /run/bake/input/boot.tar -C /
"""


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    """The layers of the rehearsal, and a workspace in their cache."""
    bake(load(SITE))
    with working(paths.CACHE) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def builder(workspace: Workspace) -> Builder:
    site = load(SITE)
    resolver = Resolver(AptState(site.release))
    scripts = workspace.scratch("scripts")
    (scripts / "open.sh").write_text(OPEN)
    return Builder(
        replace(site, name="machine-test"), Store(paths.CACHE), workspace, resolver, scripts
    )


@pytest.fixture(scope="module")
def recipes(builder: Builder) -> Recipes:
    site = load(SITE)
    return resolve(site, render(site), builder.resolver, site.kinds)


@pytest.fixture(scope="module")
def key() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        run.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", path])
        yield path


@pytest.fixture(scope="module")
def start(builder: Builder, recipes: Recipes, key: Path) -> Path:
    """A bootable disk of the shared layers and one that lets us in."""
    files = {
        name: payload.ImageFile(text.encode(), "0644") for name, text in disk.boot_files().items()
    }
    given = {
        "authorized_keys": key.with_suffix(".pub").read_bytes(),
        "boot.tar": payload.archive(files),
    }
    layer = Layer(
        "open", recipes.base.layer, {"settings": {"key": given["authorized_keys"].decode()}}
    )
    builder.make(Recipe(layer, ("open.sh",), given, Resolution((), ()), ()), lambda _: None)
    below = [recipe.layer for recipe in (recipes.base, recipes.initramfs, recipes.kernel)]
    trees = [stored.tree for stored in builder.stored([layer, *below])]
    scratch = builder.workspace.scratch("start")
    view = View(
        at=scratch / "root",
        lower=tuple(trees),
        alive=builder.workspace.alive,
        busy=builder.workspace.busy,
    )
    out = scratch / "start.qcow2"
    disk.build(view.at, out, size_mib=3072, identity="start", enter=view.prefix("disk"))
    return out


def test_a_package_is_installed_in_a_machine(
    builder: Builder, recipes: Recipes, start: Path, key: Path
) -> None:
    below = recipes.base.all_packages()
    wanted = builder.resolver.resolve(["tree"], below)
    fetch(builder.resolver, wanted, below)
    before = start.stat().st_mtime_ns, start.stat().st_size
    scratch = builder.workspace.scratch("machine")
    log = builder.new_log("machine")
    made = machine.provision(
        "machine",
        machine.Machine(start, key, choose().name, memory_mib=1024, disk_mib=3072),
        [SCRIPTS / name for name in ("begin.sh", "packages.sh", "end.sh")],
        {**payload.packages("amd64", wanted), "day": b"16000\n"},
        [builder.resolver.state.debs / package.file for package in wanted.packages],
        scratch,
        log,
        lambda _: None,
    )
    assert (start.stat().st_mtime_ns, start.stat().st_size) == before
    text = log.read_text()
    assert "Setting up tree" in text
    assert "100 %" not in text
    raw = scratch / "made.raw"
    run.run(["qemu-img", "convert", "-O", "raw", made, raw])
    status = run.run(["debugfs", "-R", "cat /var/lib/dpkg/status", f"{raw}?offset={1 << 20}"]).out
    assert "Package: tree\nStatus: install ok installed" in status
    left = run.run(["debugfs", "-R", "ls /var/lib/bake", f"{raw}?offset={1 << 20}"]).out
    assert "File not found" in left

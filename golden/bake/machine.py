"""Where this host cannot run a release's programs: the same scripts in a virtual machine.

The machine is made of the rehearsal's shared layers, which every host can bake, and has a kernel
with a vsyscall page (docs/wheezy.md W3.1). The folders of a layer come to the same paths in it as
on this host, so `enter` does there what it does here; what the scripts wrote comes back as a tar.
"""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from golden import disk, lock, log, paths, recipe, run
from golden.bake import packer
from golden.boot.accelerator import Accelerator, choose
from golden.definition import Site, load
from golden.layers import View
from golden.layers.enter import INSIDE, namespaces
from golden.packages import store
from golden.recipe import Recipe
from golden.render import render

if TYPE_CHECKING:
    from golden.bake.layer import Builder

SITE = "rehearsal"
DISK_MIB = 16 * 1024  # sparse: room for the layers of any site, unpacked
XATTRS = ("--numeric-owner", "--xattrs", "--xattrs-include=*")
# Notes of overlayfs about the layer below, by file handles of the machine's own file system.
OVERLAYFS_NOTES = tuple(f"--xattrs-exclude=*.overlay.{name}" for name in ("origin", "impure"))
_ONE = threading.Lock()


@dataclass(frozen=True)
class Machine:
    """A bootable disk (qcow2), the private key of its root, and what to run it on."""

    disk: Path
    key: Path
    accelerator: Accelerator


def build(
    builder: Builder, made: Recipe, view: View, log_file: Path, say: Callable[[str], None]
) -> Mapping[str, float]:
    """Run the scripts of `made` in a machine; what they write is in `view.upper` afterwards.

    Returns the seconds that each script took. Raises UserError when there is no QEMU, StageError
    when the machine does not start, or when a script fails.
    """
    say("making the machine that runs the release's programs")
    with _ONE:
        machine = _machine(builder)
    scratch = view.at.parent
    _give(builder, made, view, scratch)
    with (scratch / "made.tar").open("wb") as file:
        file.truncate(DISK_MIB << 20)
    say(f"starting a machine ({machine.accelerator.name})")
    variables = {
        "scripts": [str(builder.scripts / name) for name in made.scripts],
        "machine_disk": str(machine.disk),
        "machine_key": str(machine.key),
        "machine_accelerator": machine.accelerator.name,
        "machine_cpu": machine.accelerator.options[-1],
        "machine_processors": machine.accelerator.processors,
    }
    count = made.package_count
    seconds = packer.build(made.name, "qemu.machine", variables, scratch, log_file, say, count)
    _take(view, scratch, log_file)
    return {name: seconds[name] for name in made.scripts}


def _give(builder: Builder, made: Recipe, view: View, scratch: Path) -> None:
    """Write given.tar: everything that the layer is made from, and the scripts /enter and /keep."""
    assert view.upper and view.work
    holder = ["flock", str(view.alive), *view.prefix("machine", machine=True)]
    folders = shlex.join(str(source) for source, _ in view.binds)
    for name, text in {
        "enter": f"mkdir -p {folders}\n"
        f'exec {shlex.join(holder)} /bin/sh -x "/run/bake/scripts/$1"\n',
        "keep": f"tar -c -f /dev/vdc {shlex.join((*XATTRS, *OVERLAYFS_NOTES))} "
        f"--format=posix -C {shlex.quote(str(view.upper))} .\n",
    }.items():
        (scratch / name).write_text(text)
    inside = [*view.lower, view.upper, view.work, view.at, view.alive, view.busy, INSIDE]
    inside += [scratch / "root.machine.json", scratch / "input", builder.scripts]
    inside += _packages(builder, made)
    listed = b"".join(bytes(path.relative_to("/")) + b"\0" for path in inside)
    argv = [*namespaces(), "tar", "-c", "-f", str(scratch / "given.tar"), "--format=posix", *XATTRS]
    argv += ["-C", str(scratch), "./enter", "./keep", "-C", "/", "--null", "-T", "-"]
    run.run(argv, stdin=listed, stage=f"bake {made.name}")


def _packages(builder: Builder, made: Recipe) -> Iterator[Path]:
    state = builder.resolver.state
    for added in (made.essential, made.packages):
        yield from (state.debs / package.file for package in (added.packages if added else ()))
    yield from (store.pooled(state.pool, download.sha256) for download in made.downloads)


def _take(view: View, scratch: Path, log_file: Path) -> None:
    """Put what the machine made in the place of what it was given."""
    script = 'rm -rf "$1" && mkdir -m 755 "$1" && shift && exec tar -x "$@"'
    argv = [*namespaces(), "sh", "-c", script, "sh", str(view.upper), "-C", str(view.upper)]
    argv += ["-f", str(scratch / "made.tar"), *XATTRS]
    run.run(argv, log=log_file, stage="bake")
    for name in ("made.tar", "given.tar", "machine/disk.qcow2"):
        (scratch / name).unlink(missing_ok=True)


def _machine(builder: Builder) -> Machine:
    """The machine; its layers come from the store, and its disk from the cache, where they are."""
    folder = paths.CACHE / "machine"
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "key"
    if not key.exists():
        run.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", key], stage="bake")
    accelerator = choose()
    site = _site()
    _, resolver = lock.resolver(site.release, offline=builder.resolver.state.offline)
    recipes = recipe.resolve(site, render(site), resolver, site.kinds)
    top = recipe.machine(recipes.base, key.with_suffix(".pub").read_bytes())
    found = folder / f"{top.layer.key}.qcow2"
    if not found.exists():
        log.info(f"making the machine for this host ({paths.shown(found)})")
        own = replace(
            builder,
            site=site,
            resolver=resolver,
            workspace=builder.workspace.inner("machine"),
            scripts=recipe.SCRIPTS,
        )
        _write(own, [*recipes.shared, top], found)
    return Machine(found, key, accelerator)


def _site() -> Site:
    site = load(SITE)
    return replace(site, release=replace(site.release, builder="tree"))


def _write(builder: Builder, recipes: list[Recipe], out: Path) -> None:
    """Make the layers that are missing, and of all of them the disk `out`."""
    for each in recipes:
        if builder.store.get(each.layer) is None:
            builder.fetch(each, lambda _: None)
            builder.make(each, lambda _: None)
    trees = [layer.tree for layer in builder.stored(each.layer for each in reversed(recipes))]
    workspace = builder.workspace
    view = View(workspace.scratch("disk") / "root", tuple(trees), workspace.alive, workspace.busy)
    for old in out.parent.glob("*.qcow2"):
        old.unlink()
    disk.build(view.at, out, size_mib=DISK_MIB, identity=out.stem, enter=view.prefix("disk"))

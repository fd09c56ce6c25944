"""Where this host cannot run a release's programs: the same scripts in a virtual machine.

The machine is the rehearsal's shared layers, which every host can bake, and their kernel with a
vsyscall page (docs/wheezy.md W3.1); packer/source.machine.pkr.hcl has its disks. The folders of a
layer come to the same paths in it as on this host, so `enter` does there what it does here; what
the scripts wrote comes back as a tar.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from golden import disk, lock, log, paths, recipe, run
from golden.bake import packer
from golden.boot.accelerator import choose
from golden.definition import Site, load
from golden.layers import View
from golden.layers.enter import INSIDE, namespaces
from golden.layers.overlay import Stack
from golden.packages import store
from golden.recipe import Recipe
from golden.render import render

if TYPE_CHECKING:
    from golden.bake.layer import Builder

SITE = "rehearsal"
DISK_MIB = 16 * 1024  # sparse: room for the layers of any site, unpacked
BELOW = Path("/below")
# Its root disk, and the kernel and initramfs that boot it.
FILES = ("machine.raw", "vmlinuz", "initrd.img")
XATTRS = ("--numeric-owner", "--xattrs", "--xattrs-include=*")
# Notes of overlayfs about the layer below, by file handles of the machine's own file system.
OVERLAYFS_NOTES = tuple(f"--xattrs-exclude=*.overlay.{name}" for name in ("origin", "impure"))
# Process 1 of the machine is a shell, and reads this: there is nothing but sshd.
BEGIN = """\
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip link set eth0 up
mkdir -p /run/sshd
/usr/sbin/sshd -h /host_key -o AuthorizedKeysFile=/key.pub -o UsePAM=no -o UseDNS=no
"""
WAIT = "while :; do sleep 3600; done\n"


def build(
    builder: Builder, made: Recipe, view: View, log_file: Path, say: Callable[[str], None]
) -> Mapping[str, float]:
    """Run the scripts of `made` in a machine; what they write is in `view.upper` afterwards.

    Returns the seconds that each script took. Raises UserError when there is no QEMU, StageError
    when the machine does not start, or when a script fails.
    """
    accelerator = choose()
    scratch = view.at.parent
    say("making the machine that runs the release's programs")
    with FileLock(paths.CACHE / "machine.lock"):
        _machine(builder, scratch)
    _give(builder, made, view, scratch)
    say(f"starting a machine ({accelerator.name})")
    variables = {
        "scripts": [str(builder.scripts / name) for name in made.scripts],
        "machine_accelerator": accelerator.name,
        "machine_cpu": accelerator.options[-1],
        "machine_processors": accelerator.processors,
    }
    # In a namespace of its own, so that QEMU ends with the bake, however that ends.
    held = replace(view, chroot=False).prefix("packer")
    with _console(scratch / "console.log", log_file):
        seconds = packer.build(
            made.name, "qemu.machine", variables, scratch, log_file, say, made.package_count, held
        )
    _take(view, scratch, log_file)
    return {name: seconds[name] for name in made.scripts}


@contextmanager
def _console(console: Path, log_file: Path) -> Iterator[None]:
    """Add what the machine wrote to its console to the log, whatever becomes of it."""
    try:
        yield
    finally:
        if console.exists():
            with log_file.open("ab") as log_end:
                log_end.write(console.read_bytes())


def _give(builder: Builder, made: Recipe, view: View, scratch: Path) -> None:
    """Write the disks of the machine: the layers below, all else that the layer is made from, with
    the scripts of packer/build.machine.pkr.hcl, and room for what it makes."""
    _scripts(view, scratch)
    for name in ("key", "host_key"):
        run.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", scratch / name], stage="bake")
    if view.lower:
        _disk(scratch / "below.raw", view, made.layer.key)
    for name, size in {"below.raw": 1, "made.tar": DISK_MIB}.items():
        with (scratch / name).open("ab") as file:
            file.truncate(max(file.tell(), size << 20))
    inside = [view.upper, view.work, view.at, view.alive, view.busy, INSIDE]
    inside += [scratch / "root.machine.json", scratch / "input", builder.scripts]
    inside += _packages(builder, made)
    listed = b"".join(bytes(path.relative_to("/")) + b"\0" for path in inside if path)
    argv = [*namespaces(), "tar", "-c", "-f", str(scratch / "given.tar"), "--format=posix", *XATTRS]
    argv += ["-C", str(scratch), "./begin", "./enter", "./keep", "./key.pub", "./host_key"]
    run.run([*argv, "-C", "/", "--null", "-T", "-"], stdin=listed, stage=f"bake {made.name}")


def _scripts(view: View, scratch: Path) -> None:
    """/begin, process 1 of the machine; /enter, which runs a script in the tree; /keep."""
    there = replace(view, lower=(BELOW,) if view.lower else ())
    enter = ["flock", str(view.alive), *there.prefix("machine", machine=True)]
    # mke2fs makes lost+found, which no layer has.
    mount = f"mkdir {BELOW} && mount /dev/vdd1 {BELOW} && rmdir {BELOW}/lost+found\n"
    folders = shlex.join(str(source) for source, _ in view.binds)
    for name, text in {
        "begin": f"{BEGIN}{mount if view.lower else ''}mkdir -p {folders}\n{WAIT}",
        "enter": f'test "$1" != keep || exec /bin/sh -x /keep\n'
        f'exec {shlex.join(enter)} /bin/sh -x "/run/bake/scripts/$1"\n',
        "keep": f"tar -c -f /dev/vdc {shlex.join((*XATTRS, *OVERLAYFS_NOTES))} "
        f"--format=posix -C {shlex.quote(str(view.upper))} .\n",
    }.items():
        (scratch / name).write_text(text)


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
    for name in ("made.tar", "given.tar", "below.raw"):
        (scratch / name).unlink()


def _machine(builder: Builder, scratch: Path) -> None:
    """Put the machine into `scratch`: its root disk, kept in the cache, and what boots it."""
    site = _site()
    _, resolver = lock.resolver(site.release, offline=builder.resolver.state.offline)
    shared = recipe.resolve(site, render(site), resolver, site.kinds).shared
    kept = paths.CACHE / "machine" / shared[-1].layer.key
    if not kept.exists():
        log.info(f"making the machine for this host ({paths.shown(kept)})")
        workspace = builder.workspace.inner("machine")
        own = replace(
            builder, site=site, resolver=resolver, workspace=workspace, scripts=recipe.SCRIPTS
        )
        _make(own, shared, kept)
    for name in FILES:
        (scratch / name).symlink_to(kept / name)


def _site() -> Site:
    site = load(SITE)
    return replace(site, release=replace(site.release, builder="tree"))


def _make(builder: Builder, recipes: Sequence[Recipe], kept: Path) -> None:
    """Make the layers that are missing, and of all of them the folder `kept`."""
    for each in recipes:
        if builder.store.get(each.layer) is None:
            builder.fetch(each, lambda _: None)
            builder.make(each, lambda _: None)
    trees = [layer.tree for layer in builder.stored(each.layer for each in reversed(recipes))]
    scratch = builder.workspace.scratch("disk")
    for name in FILES[1:]:
        (scratch / name).write_bytes(Stack(trees).read(f"/{name}"))
    alive, busy = builder.workspace.alive, builder.workspace.busy
    _disk(scratch / FILES[0], View(scratch, tuple(trees), alive, busy), kept.name)
    shutil.rmtree(kept.parent, ignore_errors=True)
    kept.parent.mkdir()
    scratch.rename(kept)


def _disk(out: Path, view: View, identity: str) -> None:
    """The disk `out` of what is below in `view`."""
    below = replace(view, at=out.parent.with_suffix(".below"), upper=None, work=None, chroot=False)
    enter = below.prefix("disk")
    disk.build(below.at, out, size_mib=DISK_MIB, identity=identity, fmt="raw", enter=enter)

"""The installer on a USB stick: a bootable disk (BIOS) with the whole bundle, seeds included."""

from __future__ import annotations

import os
import tempfile
import uuid
from pathlib import Path

from golden import atomic, definition, log, paths
from golden.disk import filesystem, grub, layout
from golden.errors import UserError
from golden.installer import bundle
from golden.installer.bundle import Bundle
from golden.keys import signing

LABEL = "golden-stick"
SEEDS = "seed"
# The file system's own tables and journal, and a fiftieth for its blocks that are not full.
ROOM_MIB = 96

_HEAD = """\
set timeout=5
if serial --unit=0 --speed=115200 --word=8 --parity=no --stop=1; then
    terminal_input console serial
    terminal_output console serial
fi
# An installed disk is found by its label from the last write of the installer on. A stick that was
# left in the machine then starts that disk, whatever the BIOS prefers.
set default=install
if search.fs_label golden-root installed; then
    set default=installed
fi
menuentry "Start what is installed on this machine" --id installed {
    set root=$installed
    configfile /boot/grub/grub.cfg
}
"""

_ENTRY = """\
menuentry "{title}" --id {id} {{
    linux /vmlinuz {words}
    initrd /initrd
}}
"""


def usb(site: str, nodes: tuple[str, ...], out: str) -> None:
    """`inv metal.usb`: write the stick of `nodes` (default: all that have a disk) to a file, and
    its signature beside it."""
    path = Path(out).absolute()
    if not path.parent.is_dir() or path.is_dir():
        raise UserError(f"--out {out}: give a file in a folder that exists, such as stick.img")
    if path.is_block_device():
        raise UserError(
            f"--out {out}: that is a device; write it with: ./inv metal.flash --device {out}"
        )
    made = bundle.make(definition.load(site), nodes)
    signing.sign(make(made, path))
    names = ", ".join(node.name for node in made.nodes)
    size = path.stat().st_size / 1e6
    log.info(
        f"{paths.shown(path)}: {size:.0f} MB, installs {names}; it holds their keys and passwords"
    )


def make(source: Bundle, out: Path) -> Path:
    """Make the stick of the bundle `source` as the file `out` (mode 0600), atomically."""
    partial = atomic.partial(out)
    with (
        log.progress() as progress,
        # Beside the bundle, so that its files need only be linked there.
        tempfile.TemporaryDirectory(prefix=".stick-", dir=source.folder) as name,
    ):
        task = progress.task("stick")
        task.say("file system")
        tree = Path(name)
        _fill(tree, source)
        try:
            partial.touch(0o600)
            _write(partial, tree)
            partial.replace(out)
        except BaseException:
            partial.unlink(missing_ok=True)
            task.fail()
            raise
        task.done(paths.shown(out))
    return out


def menu(source: Bundle) -> str:
    """GRUB's menu: boot the installed disk, install this machine, install NODE, reinstall."""
    titles = [("install", "Install the node of this machine, by its MAC address", "", False)]
    titles += [(f"node-{n.name}", f"Install {n.name}", n.name, False) for n in source.nodes]
    titles.append(("again", "Install over a finished image, by the MAC address", "", True))
    entries = [
        _ENTRY.format(
            title=title,
            id=name,
            words=source.command_line("stick", node, reinstall=again),
        )
        for name, title, node, again in titles
    ]
    return _HEAD + "".join(entries)


def _fill(tree: Path, source: Bundle) -> None:
    for kind in source.kinds:
        (tree / kind).mkdir()
        for piece in (source.folder / kind).glob("*.gz"):
            os.link(piece, tree / kind / piece.name)
    for file in (source.kernel, source.initrd, source.manifest, source.signature):
        os.link(file, tree / file.name)
    (tree / SEEDS).mkdir()
    for node, seed in source.seeds.items():
        os.link(seed, tree / SEEDS / node)
    (tree / "boot/grub").mkdir(parents=True)
    (tree / "boot/grub/grub.cfg").write_text(menu(source))


def _write(disk: Path, tree: Path) -> None:
    size = sum(file.stat().st_size for file in tree.rglob("*") if file.is_file())
    size_mib = size * 51 // 50 // layout.MIB + ROOM_MIB
    identity = uuid.uuid4()
    layout.partition(disk, size_mib, identity)
    filesystem.make(disk, tree, size_mib, identity, label=LABEL)
    grub.install(disk, label=LABEL)

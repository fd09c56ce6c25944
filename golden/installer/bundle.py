"""The bundle of a site: everything the installer needs, from the network or from a stick."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from golden import atomic, log, manifest, paths, seed
from golden.definition.models import Node, Site
from golden.disk.build import FORMATS
from golden.errors import UserError
from golden.installer import image, initramfs, torrent
from golden.installer.manifest import Image, Seed, text
from golden.keys import secrets, signing
from golden.layers import Store
from golden.layers.overlay import Stack
from golden.log import Progress
from golden.manifest import Artifact

KERNEL, INITRAMFS, MANIFEST = "vmlinuz", "initrd", "manifest"
# GRUB and people at a screen see the last; the report goes to a serial line where there is one.
CONSOLES = "console=tty0 console=ttyS0,115200n8"


@dataclass(frozen=True)
class Bundle:
    """A complete bundle in `folder`. Only its `seeds` are secret.

    A machine starts `kernel` with `initrd`; the installer reads `manifest` and `signature` first.
    `kinds` are the folders of the images in pieces. `seeds` maps each node's name to its seed (mode
    0600); `nodes` are the nodes in the manifest.
    """

    site: str
    folder: Path
    nodes: tuple[Node, ...]
    kinds: tuple[str, ...]
    seeds: Mapping[str, Path]

    @property
    def kernel(self) -> Path:
        """The image's own kernel, which the installer runs on too."""
        return self.folder / KERNEL

    @property
    def initrd(self) -> Path:
        """The installer's initramfs."""
        return self.folder / INITRAMFS

    @property
    def manifest(self) -> Path:
        """The installer's instructions (golden.installer.manifest)."""
        return self.folder / MANIFEST

    @property
    def signature(self) -> Path:
        """The signature over the manifest."""
        return signing.signature_path(self.manifest)

    def command_line(
        self,
        source: str,
        node: str = "",
        *,
        token: str = "",
        reinstall: bool = False,
        force: str = "",
        wipe: str = "",
        more: str = "",
    ) -> str:
        """The kernel's command line; golden.installer's docstring explains the words."""
        words = {
            "boot": "golden",
            "golden.site": self.site,
            "golden.source": source,
            "golden.node": node,
            "golden.token": token,
            "golden.reinstall": "yes" if reinstall else "",
            "golden.force": force,
            "golden.wipe": wipe,
        }
        # net.ifnames=0: as in the image, so that a card has one name in both.
        given = [f"{key}={value}" for key, value in words.items() if value]
        return " ".join(
            [*given, "net.ifnames=0 biosdevname=0", CONSOLES, *([more] if more else [])]
        )


def folder(site: str) -> Path:
    """The folder of the site's bundle."""
    return paths.ARTIFACTS / site / "metal"


def make(site: Site, nodes: Sequence[str] = (), url: str = "") -> Bundle:
    """Make the bundle of `site` for `nodes` (default: every node that has a disk).

    Machines that install from `url` share pieces, if there are enough. Unchanged parts are reused.
    Raises UserError before anything is written when the site's file gives a node no disk, or no
    disk of its kind has been baked.
    """
    chosen = _chosen(site, nodes)
    kinds = tuple(dict.fromkeys(node.kind.name for node in chosen))
    disks = {kind: manifest.verified(site.name, kind, FORMATS) for kind in kinds}
    tree, tree_key = _tree(site, kinds[0])
    place = folder(site.name)
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / ".lock"), log.progress() as progress:
        images = [_image(kind, disks[kind], place, progress) for kind in kinds]
        _installer(tree, tree_key, place, progress)
        seeds = {node.name: _seed(site, node, place / "seed") for node in chosen}
        shared = torrent.shared(chosen) if url and initramfs.shares(tree) else ()
        torrents = {kind: _torrent(kind, place, url) for kind in shared}
        _write_manifest(site, chosen, images, seeds, torrents, place)
    return Bundle(site.name, place, chosen, kinds, seeds)


def _chosen(site: Site, names: Sequence[str]) -> tuple[Node, ...]:
    file = f"images/sites/{site.name}.yaml"
    wanted = tuple(map(site.node, names)) or tuple(node for node in site.nodes if node.disk)
    for node in wanted:
        if node.disk is None:
            raise UserError(
                f"{file}: nodes: {node.name}: it has no 'disk', so the installer cannot know where "
                "to write; add one such as disk: {serial: …}, {wwn: …} or {size: 100G..}"
            )
    if not wanted:
        raise UserError(
            f"{file}: nodes: none has a 'disk', which the installer writes; add one to each "
            "machine, such as disk: {serial: …}, {wwn: …} or {size: 100G..}"
        )
    return wanted


def _tree(site: Site, kind: str) -> tuple[Stack, str]:
    """The tree of the layers that all kinds share, and a key of its content."""
    record = manifest.require(site.name, kind)
    # A kind's own layers are called KIND.LAYER (golden.bake.recipe).
    shared = [layer["key"] for layer in record["layers"] if "." not in layer["name"]]
    store = Store(paths.CACHE)
    found = [stored for key in reversed(shared) if (stored := store.find(key))]
    if not found or len(found) != len(shared):
        raise UserError(
            f"{paths.shown(store.folder)}: the layers of the baked {kind} are gone, "
            f"and the installer is made from them; bake anew with: ./inv bake --site {site.name}"
        )
    return Stack([store.verify(stored).tree for stored in found]), " ".join(shared)


def _image(kind: str, disk: Artifact, place: Path, progress: Progress) -> Image:
    known = image.read(place / kind, disk.sha256)
    if known:
        return known
    task = progress.task(f"{kind} in pieces")
    try:
        made = image.make(kind, disk.path, disk.sha256, place / kind, task.say)
    except BaseException:
        task.fail()
        raise
    packed = sum(piece.packed_length for piece in made.pieces)
    task.done(f"{packed / 1e6:.0f} MB for {made.length / 1e6:.0f} MB")
    return made


def _installer(tree: Stack, tree_key: str, place: Path, progress: Progress) -> None:
    """Make kernel and initramfs, unless the existing ones have the same key."""
    parts = [tree_key.encode(), signing.public_key()]
    parts += [file.name.encode() + file.read_bytes() for file in initramfs.sources()]
    key = hashlib.sha256(b"\0".join(parts)).hexdigest()
    record = place / ".installer"
    if signing.is_valid(record) and record.read_text() == _made(key, place):
        return
    task = progress.task("installer")
    record.unlink(missing_ok=True)
    content = initramfs.make(tree, signing.public_key())
    atomic.write(place / INITRAMFS, content)
    atomic.write(place / KERNEL, tree.read("/vmlinuz"))
    atomic.write(record, _made(key, place))
    signing.sign(record)
    task.done(f"initramfs of {len(content) / 1e6:.0f} MB")


def _made(key: str, place: Path) -> str:
    """What was made from the inputs `key`, by its bytes."""
    files = (place / KERNEL, place / INITRAMFS)
    return " ".join([key, *(manifest.sha256(file) for file in files if file.is_file())])


def _seed(site: Site, node: Node, place: Path) -> Path:
    """The node's seed; an existing one is kept if its content would be the same."""
    path, record = place / f"{node.name}.iso", place / f".{node.name}.key"
    key = seed.digest(site, node)
    if not (path.is_file() and record.is_file() and record.read_text() == key):
        record.unlink(missing_ok=True)
        seed.write(site, node, path)
        atomic.write(record, key)
    return path


def _torrent(kind: str, place: Path, url: str) -> str:
    """Write the torrent of the kind's pieces; return its SHA-256."""
    content = torrent.make(place / kind, url)
    atomic.write(place / f"{kind}.torrent", content)
    return hashlib.sha256(content).hexdigest()


def _write_manifest(
    site: Site,
    nodes: Sequence[Node],
    images: Sequence[Image],
    seeds: Mapping[str, Path],
    torrents: Mapping[str, str],
    at: Path,
) -> None:
    rows = []
    for node in nodes:
        content = seeds[node.name].read_bytes()
        assert node.disk is not None
        instance = seed.instance_id(site, node, secrets.ensure(site))
        told = Seed(len(content), hashlib.sha256(content).hexdigest(), instance)
        rows.append((node, node.disk, told))
    manifest_text = text(site.name, rows, images, torrents)
    path = at / MANIFEST
    if not signing.is_valid(path) or path.read_text() != manifest_text:
        atomic.write(path, manifest_text)
        signing.sign(path)

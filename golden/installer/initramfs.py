"""The installer's environment: the image's own kernel and initramfs, and programs from its tree.

Debian's initramfs has udev, DHCP, and every driver that the image itself can boot with. Ours is a
second archive appended to it, which the kernel unpacks over the first: programs and their
libraries at their paths in the tree, scripts/installer/, and the key that verifies the manifest.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path

from golden.errors import StageError
from golden.installer import cpio, elf
from golden.layers.overlay import Stack
from golden.paths import SCRIPTS

SOURCE = SCRIPTS / "installer"
PLACE = "usr/lib/golden-installer"
# What `boot=golden` on the kernel's command line makes Debian's initramfs run.
BOOT_SCRIPT = "scripts/golden"

PROGRAMS = (
    *("dash", "cat", "cmp", "cut", "date", "dd", "grep", "gzip", "head", "mkdir", "mv", "od"),
    *("readlink", "rm", "sed", "sha256sum", "sleep", "sort", "sync", "tr", "truncate", "wc"),
    *("awk", "openssl", "curl", "blkid", "blockdev", "debugfs"),
)
# What shares pieces, if the tree has it: else machines install by HTTP alone. Not aria2, which
# needs libxml2 and with that ICU: 16.9 MB more of each initramfs, where this is 0.4 MB.
SHARING = ("transmission-cli", "setpriv", "du")
_PROGRAM_FOLDERS = ("/bin", "/usr/bin", "/sbin", "/usr/sbin")
_LIBRARY_FOLDERS = (
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/lib",
    "/usr/lib",
)

Entries = dict[str, cpio.File | cpio.Link]


def make(tree: Stack, key: bytes) -> bytes:
    """The installer's initramfs: the tree's own, then ours with the public `key` (PEM)."""
    theirs = tree.read("/initrd.img")
    # The kernel looks for the next archive at a multiple of four (linux: init/initramfs.c).
    return theirs + bytes(-len(theirs) % 4) + ours(tree, key)


def ours(tree: Stack, key: bytes) -> bytes:
    """Our own archive, compressed."""
    # mtime 0: the same content gives the same bytes.
    return gzip.compress(cpio.archive(entries(tree, key)), 9, mtime=0)


def entries(tree: Stack, key: bytes) -> Entries:
    """The files of our own archive, keyed by path."""
    found: Entries = {}
    for name in ("bin", "sbin", "lib", "lib64"):
        target = tree.link(f"/{name}")
        if target:
            found[name] = target
    for name in PROGRAMS + (SHARING if shares(tree) else ()):
        _add(tree, _first(tree, _PROGRAM_FOLDERS, name), found)
    for path in SOURCE.glob("[!.]*"):
        place = BOOT_SCRIPT if path.name == "golden" else f"{PLACE}/{path.name}"
        found[place] = cpio.File(path.read_bytes(), executable=True)
    found[f"{PLACE}/key.pem"] = cpio.File(key)
    return found


def shares(tree: Stack) -> bool:
    """Whether machines installed from `tree` can share pieces."""
    return any(tree.find(f"{folder}/{SHARING[0]}") for folder in _PROGRAM_FOLDERS)


def sources() -> Iterable[Path]:
    """This project's files that go into an initramfs or decide what does."""
    code = [Path(__file__).with_name(name) for name in ("initramfs.py", "cpio.py", "elf.py")]
    return [*sorted(SOURCE.glob("[!.]*")), *code]


def _first(tree: Stack, folders: Iterable[str], name: str) -> str:
    """The path of `name` in the first of `folders` that has it, links to the folder resolved."""
    for folder in folders:
        if tree.find(f"{folder}/{name}"):
            return f"{tree.resolve(folder)}/{name}"
    raise StageError("installer", f"the baked tree has no {name}, which the installer needs")


def _add(tree: Stack, path: str, found: Entries) -> None:
    """Add the program or library `path`, and all that it needs, to `found`."""
    if path[1:] in found:
        return
    content = tree.read(path)
    found[path[1:]] = cpio.File(content, executable=True)
    loader, libraries = elf.needs(content)
    if loader:
        folder, _, name = loader.rpartition("/")
        _add(tree, _first(tree, (folder,), name), found)
    for name in libraries:
        _add(tree, _first(tree, _LIBRARY_FOLDERS, name), found)

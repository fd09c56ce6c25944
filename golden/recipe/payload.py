"""The files in /run/bake/input that scripts read: plain lists, and an image's files as a tar."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from golden import paths
from golden.definition import Directory, Release, User
from golden.disk import boot_files
from golden.layers.model import digest
from golden.packages import Package, Resolution, store
from golden.packages.downloads import Download
from golden.packages.sources import image_lines
from golden.render import RenderedKind

# Scripts and their hashes: end.sh runs them where a package of this layer changes the initramfs.
OWN_INITRAMFS = "own-initramfs"
FIRSTBOOT = paths.SCRIPTS / "firstboot"

# The keys that the packages were verified with; repository-key.sh lets the image's apt trust them.
KEYRING = "keyring.gpg"

# How a plan names the files that are settings of a layer. (The content of the others is among the
# layer's inputs already.)
SETTINGS = {
    OWN_INITRAMFS: "the making of an initramfs",
    "users.tsv": "the list of users",
    KEYRING: "the keys of the archive",
    "services.list": "the list of services",
    "directories.tsv": "the list of directories",
}


@dataclass(frozen=True)
class ImageFile:
    """A file of an image; `mode` is four octal digits."""

    content: bytes
    mode: str
    owner: str = "root"
    group: str = "root"
    # The file of the checkout that it is made from: what a plan names when that one changes.
    source: Path | None = field(default=None, compare=False)

    @property
    def identity(self) -> str:
        """Its part of a layer's key."""
        return f"{self.mode} {self.owner}:{self.group} sha256:{digest(self.content)}"


def essential(resolution: Resolution) -> dict[str, bytes]:
    """The input of essential.sh: `name file` by lines."""
    return {"essential.list": _lines(f"{p.name} {p.file}" for p in resolution.packages)}


def packages(
    native: str, resolution: Resolution, before: Iterable[Package] = ()
) -> dict[str, bytes]:
    """The input of packages.sh: apt's order of work, and which packages (also of those `before` in
    the same layer) are mere dependencies. apt records the `native` architecture for all of them."""
    files = {package.name: package.file for package in resolution.packages}
    steps = (
        f"{step.action} {' '.join(files[n] if step.action == 'unpack' else n for n in step.names)}"
        for step in resolution.steps
    )
    auto = "".join(
        f"Package: {p.name}\nArchitecture: {native}\nAuto-Installed: 1\n\n"
        for p in (*before, *resolution.packages)
        if not p.asked
    )
    return {"packages.steps": _lines(steps), "packages.auto": auto.encode()}


def downloads(named: Mapping[str, str], found: Mapping[str, Download]) -> dict[str, bytes]:
    """The input of scripts that need files: name, source, and its place in /run/bake/pool.

    A word that is no source has no place.
    """
    rows = (
        f"{name}\t{source}\t{store.pooled(Path(), found[source].sha256) if source in found else ''}"
        for name, source in named.items()
    )
    return {"downloads.tsv": _lines(rows)}


def users(wanted: Iterable[User]) -> dict[str, bytes]:
    """The input of users.sh: name, uid, group, gid."""
    rows = (f"{user.name}\t{user.uid}\t{user.group}\t{user.gid}" for user in wanted)
    return {"users.tsv": _lines(rows)}


def site_files(rendered: RenderedKind, release: Release) -> dict[str, ImageFile]:
    """All files that the site layer puts into an image, by path; a role's own file comes first."""
    files = apt_sources(release)
    files |= {path: ImageFile(text.encode(), "0644") for path, text in boot_files().items()}
    files |= first_boot_files()
    for path, file in rendered.files.items():
        files[path] = ImageFile(file.content, file.mode, file.owner, file.group, file.source)
    return dict(sorted(files.items()))


def apt_sources(release: Release) -> dict[str, ImageFile]:
    """What an image's own apt reads."""
    return {"/etc/apt/sources.list": ImageFile(_lines(image_lines(release)), "0644")}


def first_boot_files() -> dict[str, ImageFile]:
    """The code of first boot at its places in the image; see the docstring of firstboot.py."""
    files = {"/usr/sbin/firstboot": copied(FIRSTBOOT / "firstboot.sh", "0755")}
    for script in sorted((FIRSTBOOT / "init.d").iterdir()):
        files[f"/etc/init.d/{script.name}"] = copied(script, "0755")
    for source in sorted(FIRSTBOOT.rglob("*.py")):
        place = f"/usr/lib/firstboot/{source.relative_to(FIRSTBOOT)}"
        files[place] = copied(source, "0644")
    return files


def copied(source: Path, mode: str) -> ImageFile:
    """A file of the checkout as it is."""
    return ImageFile(source.read_bytes(), mode, source=source)


def site(
    files: Mapping[str, ImageFile], directories: Mapping[str, Directory], services: Sequence[str]
) -> dict[str, bytes]:
    """The input of files.sh and services.sh."""
    pairs = {(each.owner, each.group) for each in files.values()}
    pairs |= {(each.owner, each.group) for each in directories.values()}
    owners = {("passwd", owner) for owner, _ in pairs} | {("group", group) for _, group in pairs}
    return {
        "rootfs.tar": archive(files),
        "owners.tsv": _lines(f"{kind}\t{name}" for kind, name in sorted(owners)),
        "directories.tsv": _lines(
            f"{each.mode}\t{each.owner}\t{each.group}\t{path}"
            for path, each in sorted(directories.items())
        ),
        "services.list": _lines(services),
    }


def archive(files: Mapping[str, ImageFile]) -> bytes:
    """A tar with owners by name, which become numbers where it is unpacked."""
    buffer = io.BytesIO()
    # The GNU format is what tar of wheezy knows best.
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path, file in files.items():
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mode = len(file.content), int(file.mode, 8)
            member.mtime = int(time.time())
            member.uname, member.gname = file.owner, file.group
            tar.addfile(member, io.BytesIO(file.content))
    return buffer.getvalue()


def release_record(site: str, layers: Mapping[str, str], revision: str) -> bytes:
    """/etc/golden/release.json: the keys of an image's layers, bottom first, and the commit it was
    baked from. It follows from them, so it is not an input of any layer."""
    record = {"site": site, "revision": revision, "layers": dict(layers)}
    return (json.dumps(record, indent=2) + "\n").encode()


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()

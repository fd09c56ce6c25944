"""Builds the stand-in packages of images/standins/ into a folder that is an apt source.

    deb [trusted=yes] file:FOLDER ./

A package is a folder with control.yaml (data) and files/ (a mirror of /). Same input, same bytes:
everything is owned by root, has one date and is packed by one thread.
"""

from __future__ import annotations

import fnmatch
import gzip
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden import run
from golden.definition.document import Document, read
from golden.definition.problems import Problems, nearest
from golden.packages import store
from golden.paths import IMAGES, ROOT

STANDINS = IMAGES / "standins"
SUFFIX = "+standin"
LABEL = "stand-ins"
KEY_FILE = "key"
# 2015-07-24, the day of Synnefo 0.16.2: no build date may end in a package.
EPOCH = 1437696000
COMPONENTS = Path("usr/lib/python3/dist-packages/synnefo/components")
COMPONENT_KEYS = ("settings", "kinds", "modules", "queries", "routes", "apps", "fixtures")
KEYS = {"package", "version", "summary", "depends", "conflicts", "recommends"} | {
    "users",
    "modes",
    "directories",
    "services",
    *COMPONENT_KEYS,
}
NEEDED = ("package", "version", "summary", "depends")


@dataclass(frozen=True)
class Package:
    """One stand-in: `data` is its control.yaml, `version` the whole Debian version, `beside` the
    stand-ins that are there with it."""

    name: str
    version: str
    folder: Path
    data: Mapping[str, Any]
    beside: frozenset[str]

    @property
    def files(self) -> tuple[Path, ...]:
        """The mirrors of /, which need not exist: files/, and alone/ where a stand-in that it must
        be in step with is not there, so that it stands beside the real one."""
        exact = {word[1:] for word in self.data["depends"] if word.startswith("=")}
        names = ("files",) if exact <= self.beside else ("files", "alone")
        return tuple(self.folder / name for name in names)


@dataclass(frozen=True)
class Built:
    """The result: `folder` is the apt source, `key` the hash of all input."""

    folder: Path
    packages: tuple[Package, ...]
    key: str


def load(
    synnefo: str, folder: Path = STANDINS, chosen: Collection[str] | None = None
) -> tuple[Package, ...]:
    """The `chosen` stand-ins (None: all) by name.

    Raises UserError with every problem of all, each at its file and line.
    """
    problems = Problems(ROOT)
    documents = [read(path, problems) for path in sorted(folder.glob("*/control.yaml"))]
    problems.raise_any()
    names = {document.file.parent.name for document in documents}
    for document in documents:
        _validate(document, names)
    problems.raise_any()
    beside = frozenset(names if chosen is None else names & {*chosen})
    found = ((document.file.parent, document.data) for document in documents)
    return tuple(
        _package(place, data, synnefo, beside) for place, data in found if place.name in beside
    )


def _validate(document: Document, names: set[str]) -> None:
    """Report what is wrong with a control.yaml; `names` are those of all stand-ins."""
    data, name = document.data, document.file.parent.name
    for key in sorted(set(data) - KEYS):
        document.problem((key,), f"unknown key; {nearest(key, KEYS)}")
    for key in NEEDED:
        if key not in data:
            document.problem((key,), "this key is missing")
    if data.get("package", name) != name:
        document.problem(("package",), f"must be '{name}', like the folder")
    for keys, wanted in document.each("depends", "*"):
        other = str(wanted).removeprefix("=")
        if str(wanted).startswith("=") and other not in names:
            document.problem(keys, f"no stand-in is called '{other}'; {nearest(other, names)}")


def _package(
    folder: Path, data: Mapping[str, Any], synnefo: str, beside: frozenset[str]
) -> Package:
    upstream = synnefo if data["version"] == "synnefo" else str(data["version"])
    return Package(data["package"], upstream + SUFFIX, folder, data, beside)


def _inputs(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        # What Python leaves behind when tests import the stand-ins is no input.
        if "__pycache__" not in path.parts and (path.is_symlink() or path.is_file()):
            yield path


def key(synnefo: str, folder: Path = STANDINS) -> str:
    """Hash of everything that goes into the packages, this builder included."""
    digest = hashlib.sha256(f"{synnefo}\0".encode() + Path(__file__).read_bytes())
    for path in _inputs(folder):
        link = path.is_symlink()
        content = str(path.readlink()).encode() if link else path.read_bytes()
        mode = "link" if link else oct(path.stat().st_mode & 0o111)
        digest.update(f"{path.relative_to(folder)}\0{mode}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def build(
    out: Path, synnefo: str, folder: Path = STANDINS, chosen: Collection[str] | None = None
) -> Built:
    """Build the `chosen` packages (None: all) and the index into `out`, replaced as a whole.

    `synnefo` is the version the Synnefo set gets. Raises UserError on a malformed stand-in, before
    anything is written, and StageError when dpkg-deb fails.
    """
    packages = load(synnefo, folder, chosen)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as place:
        fresh = Path(place) / "new"
        fresh.mkdir(mode=0o755)
        for package in packages:
            _build(package, Path(place) / "tree", fresh)
        _index(fresh, packages)
        (fresh / KEY_FILE).write_text(key(synnefo, folder))
        if out.exists():
            out.rename(Path(place) / "old")
        fresh.rename(out)
    return Built(out, packages, key(synnefo, folder))


def ensure(out: Path, synnefo: str, chosen: Collection[str], folder: Path = STANDINS) -> bool:
    """Build the `chosen` packages of `folder` into `out`, which is always for these, unless they
    are up to date; True when built.

    Raises as `build`.
    """
    stamp = out / KEY_FILE
    wanted = key(synnefo, folder)
    if stamp.is_file() and stamp.read_text() == wanted:
        return False
    build(out, synnefo, folder, chosen)
    return True


def file_name(package: Package) -> str:
    """The package's file; Debian leaves the epoch out, and we use none."""
    return f"{package.name}_{package.version}_all.deb"


def _build(package: Package, tree: Path, out: Path) -> None:
    tree.mkdir()
    for top in package.files:
        for source in _inputs(top):
            target = tree / source.relative_to(top)
            target.parent.mkdir(parents=True, exist_ok=True)
            # A link in alone/ is to a file of the stand-in that is not there.
            shutil.copy2(source, target, follow_symlinks=top.name == "alone")
    _write_component(package, tree)
    for directory in package.data.get("directories", ()):
        (tree / directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
    _write_control(package, tree)
    _normalise(tree)
    run.run(
        ["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", tree, out / file_name(package)],
        env={"SOURCE_DATE_EPOCH": str(EPOCH)},
        stage="stand-ins",
    )
    shutil.rmtree(tree)


def _write_component(package: Package, tree: Path) -> None:
    part = {name: package.data[name] for name in COMPONENT_KEYS if name in package.data}
    if part:
        path = tree / COMPONENTS / f"{package.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not as YAML, which takes Python long to read: each command of snf-manage does.
        path.write_text(json.dumps({"settings": {}, **part}, indent=1))


def _relations(package: Package, words: Sequence[str]) -> str:
    return ", ".join(_relation(package, word) for word in words)


def _relation(package: Package, word: str) -> str:
    name = word.removeprefix("=")
    # The real one, where it is not played too, has a version of its own.
    return f"{name} (= {package.version})" if word != name and name in package.beside else name


def control(package: Package) -> str:
    """The package's control file."""
    lines = [
        f"Package: {package.name}",
        f"Version: {package.version}",
        "Architecture: all",
        "Maintainer: golden <golden@rehearsal.test>",
        "Priority: optional",
    ]
    for field in ("depends", "recommends", "conflicts"):
        if words := package.data.get(field):
            lines.append(f"{field.title()}: {_relations(package, words)}")
    lines.append(f"Description: stand-in: {package.data['summary']}")
    lines.append(" Built for rehearsals; it has upstream's interfaces and none of its code.")
    return "\n".join(lines) + "\n"


def _write_control(package: Package, tree: Path) -> None:
    folder = tree / "DEBIAN"
    (folder).mkdir()
    (folder / "control").write_text(control(package))
    etc = [path for path in _inputs(tree) if path.relative_to(tree).parts[0] == "etc"]
    conffiles = [f"/{path.relative_to(tree)}\n" for path in etc if not path.is_symlink()]
    if conffiles:
        (folder / "conffiles").write_text("".join(conffiles))
    lines = [*_users(package), *_modes(package, conffiles)]
    lines += [f"update-rc.d {name} defaults" for name in package.data.get("services", ())]
    if lines:
        body = "".join(f"    {line}\n" for line in lines)
        script = f'#!/bin/sh\nset -e\nif [ "$1" = configure ]; then\n{body}fi\n'
        (folder / "postinst").write_text(script)


def _users(package: Package) -> Iterator[str]:
    # As upstream's scripts: a user or group that exists, with a fixed id say, is left alone.
    for user in package.data.get("users", ()):
        name, home = user["name"], user["home"]
        yield f"getent group {name} > /dev/null || addgroup --system --quiet {name}"
        make = f"adduser --system --quiet --ingroup {name} --home {home} --no-create-home {name}"
        yield f"getent passwd {name} > /dev/null || {make}"


def _modes(package: Package, conffiles: Sequence[str]) -> Iterator[str]:
    for pattern, mode in package.data.get("modes", {}).items():
        names = [line.strip() for line in conffiles]
        for path in fnmatch.filter(names, pattern) if "*" in pattern else [pattern]:
            known = f"dpkg-statoverride --list {path} > /dev/null"
            yield f"{known} || dpkg-statoverride --update --add {mode} {path}"


def _normalise(tree: Path) -> None:
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            program = path.is_dir() or path.name == "postinst" or path.stat().st_mode & 0o111
            path.chmod(0o755 if program else 0o644)
        os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)


def _index(folder: Path, packages: Sequence[Package]) -> None:
    entries = []
    for package in packages:
        path = folder / file_name(package)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        where = f"Filename: ./{path.name}\nSize: {path.stat().st_size}\nSHA256: {digest}\n"
        entries.append(control(package) + where)
    text = "\n".join(entries).encode()
    (folder / "Packages").write_bytes(text)
    (folder / "Packages.gz").write_bytes(gzip.compress(text, mtime=0))
    files = {name: (folder / name).read_bytes() for name in ("Packages", "Packages.gz")}
    (folder / "Release").write_text(store.release_file(LABEL, "./", files))

"""The tests' own Debian packages, written without dpkg-deb: hundreds in a second.

deb(5): an ar archive of debian-binary, control.tar.gz and data.tar.gz
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from golden.definition import load
from golden.paths import TESTS

DATA = TESTS / "data" / "wheezy"
ARCHITECTURE = "amd64"
SAME = " = same"
# Refuses to be configured before what it depends on, and notes its turn.
POSTINST = """\
#!/bin/sh
set -e
for needed in {needed}; do
    if [ "$(dpkg-query -W -f '${{Status}}' "$needed")" != "install ok installed" ]; then
        echo "{name} is configured before $needed, which it depends on" >&2
        exit 1
    fi
done
echo "{name} {version}" >>/usr/lib/install-order
"""
INIT = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides: {name}
# Required-Start: $remote_fs
# Required-Stop: $remote_fs
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
### END INIT INFO
"""


@dataclass(frozen=True)
class File:
    """A file (`content`), a link where `link` names its target, or a `folder`."""

    content: bytes = b""
    mode: int = 0o644
    link: str = ""
    folder: bool = False


@dataclass(frozen=True)
class Deb:
    """One package; `scripts` are its maintainer scripts by name."""

    name: str
    version: str
    suite: str
    component: str = "main"
    depends: tuple[str, ...] = ()
    priority: str = "optional"
    essential: bool = False
    files: Mapping[str, File] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Its name on the mirror, which has no epoch."""
        return f"{self.name}_{self.version.partition(':')[2] or self.version}_{ARCHITECTURE}.deb"

    def control(self) -> str:
        """Its control file."""
        lines = [f"Package: {self.name}", f"Version: {self.version}"]
        lines += [f"Architecture: {ARCHITECTURE}", "Maintainer: Tests <tests@golden.invalid>"]
        lines += [f"Priority: {self.priority}", "Section: misc"]
        lines += ["Essential: yes"] if self.essential else []
        lines += [f"Depends: {', '.join(self.depends)}"] if self.depends else []
        return "\n".join([*lines, "Description: tiny package of golden's tests", ""])

    def bytes(self) -> bytes:
        """The whole .deb."""
        control = {"./control": File(self.control().encode())}
        control |= {f"./{n}": File(text.encode(), 0o755) for n, text in self.scripts.items()}
        data = {f".{path}": file for path, file in self.files.items()}
        members = {"debian-binary": b"2.0\n", "control.tar.gz": _tar(control)}
        return b"!<arch>\n" + b"".join(
            _member(name, content)
            for name, content in (members | {"data.tar.gz": _tar(data)}).items()
        )


def _member(name: str, content: bytes) -> bytes:
    head = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n"
    return head.encode() + content + b"\n" * (len(content) % 2)


def _tar(files: Mapping[str, File]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        folders = {str(parent) for path in files for parent in Path(path).parents}
        for folder in sorted(folders - {"."} - {path.removeprefix("./") for path in files}):
            member = tarfile.TarInfo(f"./{folder}")
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(member)
        for path, file in files.items():
            member = tarfile.TarInfo(path)
            member.mode, member.size = file.mode, len(file.content)
            if file.link:
                member.type, member.linkname, member.size = tarfile.SYMTYPE, file.link, 0
            if file.folder:
                member.type = tarfile.DIRTYPE
            tar.addfile(member, io.BytesIO(file.content))
    return gzip.compress(buffer.getvalue(), 1, mtime=0)


def stanza(deb: Deb, place: str, content: bytes) -> str:
    """Its entry in an index; `place` is the file below the repository's root."""
    digest = hashlib.sha256(content).hexdigest()
    size = f"Filename: {place}\nSize: {len(content)}\nSHA256: {digest}\n"
    old = f"MD5sum: {hashlib.md5(content, usedforsecurity=False).hexdigest()}\n"
    return deb.control() + size + old


def catalogue() -> tuple[Deb, ...]:
    """Everything of packages.yaml, and of the Synnefo set newer versions that nobody asked for."""
    data = yaml.safe_load((DATA / "packages.yaml").read_text())
    pins = load("example").release.pins
    found = [_required(name, version, data) for name, version in data["required"].items()]
    for suite in ("main", "synnefo"):
        found += [_deb(name, entry, suite, pins) for name, entry in data[suite].items()]
    known = {deb.name: deb for deb in found}
    for name, version in data["updates"].items():
        found.append(_again(known[name], version, "updates"))
    pinned = [known[name] for name in data["synnefo"] if name in pins]
    return (*found, *(_again(deb, _later(deb.version), "synnefo") for deb in pinned))


def put_theirs(folder: Path, debs: Iterable[Deb], pins: Mapping[str, str]) -> None:
    """Of `debs`, write those that were never Debian's into `folder`, at the pinned versions: each
    with a file, as an operator's own builds have them."""
    folder.mkdir(parents=True)
    for deb in debs:
        if deb.suite == "synnefo" and pins.get(deb.name, deb.version) == deb.version:
            files = {**deb.files, f"/usr/lib/{deb.name}/x": File(b"x\n")}
            (folder / deb.file).write_bytes(replace(deb, files=files).bytes())


def _required(name: str, version: str, data: Mapping[str, Any]) -> Deb:
    own = _own_postinst(name)
    return Deb(
        name,
        version,
        "main",
        priority="required",
        essential=name in data["essential"],
        depends=() if name == "libc6" else ("libc6",),
        files=stub(name),
        scripts={"postinst": f"#!/bin/sh\nset -e\n{own}"} if own else {},
    )


def _deb(name: str, entry: Mapping[str, Any], suite: str, pins: Mapping[str, str]) -> Deb:
    version = pins[name] if entry["version"] == "pin" else str(entry["version"])
    depends = tuple(word.replace(SAME, f" (= {version})") for word in entry.get("depends", ()))
    component = entry.get("component", "main")
    own = _own_postinst(name)
    if user := entry.get("user"):
        own = f"adduser --system --group --no-create-home {user}\n{own}"
    files = stub(name)
    if init := entry.get("init"):
        text = INIT.format(name=init)
        files[f"/etc/init.d/{init}"] = File(text.encode(), 0o755)
        own = f"{own}update-rc.d {init} defaults\n"
    script = _postinst(name, version, depends, own)
    return Deb(name, version, suite, component, depends, files=files, scripts=script)


def _again(deb: Deb, version: str, suite: str) -> Deb:
    depends = tuple(word.replace(f"(= {deb.version})", f"(= {version})") for word in deb.depends)
    scripts = {n: text.replace(deb.version, version) for n, text in deb.scripts.items()}
    return replace(deb, version=version, suite=suite, depends=depends, scripts=scripts)


def _postinst(name: str, version: str, depends: tuple[str, ...], own: str) -> dict[str, str]:
    needed = " ".join(word.split()[0] for word in depends)
    return {"postinst": POSTINST.format(name=name, version=version, needed=needed) + own}


def _own_postinst(name: str) -> str:
    path = DATA / "files" / name / "postinst"
    return path.read_text() if path.is_file() else ""


def _later(version: str) -> str:
    """A version that apt would prefer, were it not for the pin."""
    return re.sub(r"^(\d+\.\d+)", lambda match: f"{match[1]}9", version)


def stub(name: str) -> dict[str, File]:
    """The files of a package: those of tests/data/wheezy/files/NAME/root, or one that names it."""
    root = DATA / "files" / name / "root"
    found = {f"/usr/share/doc/{name}/tiny": File(f"{name}\n".encode())}
    for path in sorted(root.rglob("*")):
        if path.is_file():
            mode = 0o755 if path.stat().st_mode & 0o111 else 0o644
            found[f"/{path.relative_to(root)}"] = File(path.read_bytes(), mode)
    return found

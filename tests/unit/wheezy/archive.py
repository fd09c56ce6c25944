"""An archive like Wheezy's on this machine's disk, signed by a key that has expired since.

PLACE/debian            dists/wheezy        main, contrib, non-free
PLACE/debian-security   dists/wheezy/updates
PLACE/synnefo           wheezy/             flat, as GRNET's
PLACE/keyring.gpg       the expired key
"""

from __future__ import annotations

import gzip
import hashlib
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from golden import run
from tests.unit.wheezy.packages import ARCHITECTURE, Deb, stanza

# The key is made and signs in 2015 and has expired since 2016.
MADE, SIGNED, LIFE = "20150101T000000", "20150801T000000", "1y"
WHO = "Archive of golden's tests <archive@golden.invalid>"
COMPONENTS = ("main", "contrib", "non-free")
DATE = "Sat, 01 Aug 2015 00:00:00 UTC"


@dataclass(frozen=True)
class Archive:
    """Where the parts lie, and the key that signed them."""

    place: Path

    @property
    def keyring(self) -> Path:
        """The public key, for `signed-by` and debootstrap."""
        return self.place / "keyring.gpg"

    def url(self, part: str) -> str:
        """The address of `debian`, `debian-security` or `synnefo`."""
        return f"file://{self.place / part}"

    def release_file(self, part: str) -> Path:
        """The signed head of a part."""
        suites = {"debian": "dists/wheezy", "debian-security": "dists/wheezy/updates"}
        return self.place / part / suites.get(part, "wheezy") / "Release"


def build(place: Path, packages: Iterable[Deb]) -> Archive:
    """Write and sign the whole archive at `place`, an empty folder."""
    debs = tuple(packages)
    parts = {
        "debian": [deb for deb in debs if deb.suite == "main"],
        "debian-security": [deb for deb in debs if deb.suite == "updates"],
    }
    archive = Archive(place)
    for part, own in parts.items():
        _suite(archive.release_file(part).parent, place / part, own)
    _flat(place / "synnefo", [deb for deb in debs if deb.suite == "synnefo"])
    sign(archive)
    return archive


def _suite(folder: Path, root: Path, debs: Sequence[Deb]) -> None:
    index: dict[str, list[str]] = {component: [] for component in COMPONENTS}
    for deb in debs:
        where = f"pool/{deb.component}/{deb.file}"
        index[deb.component].append(_place(root, where, deb))
    files = {}
    for component, entries in index.items():
        folder_name = f"{component}/binary-{ARCHITECTURE}"
        files |= _index(folder, f"{folder_name}/", entries)
    suite = "/".join(folder.parts[folder.parts.index("dists") + 1 :])
    head = {"Origin": "Debian", "Label": "Debian", "Suite": "oldoldstable", "Codename": suite}
    head |= {"Components": " ".join(COMPONENTS), "Architectures": ARCHITECTURE}
    _release(folder, head, files)


def _flat(root: Path, debs: Sequence[Deb]) -> None:
    entries = [_place(root, f"wheezy/{deb.file}", deb) for deb in debs]
    files = _index(root / "wheezy", "", entries)
    _release(root / "wheezy", {"Origin": "GRNET", "Codename": "wheezy"}, files)


def _place(root: Path, where: str, deb: Deb) -> str:
    content = deb.bytes()
    path = root / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return stanza(deb, where, content)


def _index(folder: Path, prefix: str, entries: Sequence[str]) -> dict[str, bytes]:
    plain = "\n".join(entries).encode()
    # As in Wheezy's own archive there is no xz (docs/wheezy.md W1.15).
    files = {f"{prefix}Packages": plain, f"{prefix}Packages.gz": gzip.compress(plain, mtime=0)}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return files


def _release(folder: Path, head: Mapping[str, str], files: Mapping[str, bytes]) -> None:
    lines = [f"{name}: {value}" for name, value in {**head, "Date": DATE}.items()]
    lines.append("SHA256:")
    for name, content in files.items():
        lines.append(f" {hashlib.sha256(content).hexdigest()} {len(content)} {name}")
    (folder / "Release").write_text("\n".join(lines) + "\n")


def sign(archive: Archive) -> None:
    """Sign all heads with a new key of 2015 that has expired, and leave its public half."""
    with tempfile.TemporaryDirectory(prefix="gpg-") as home:
        _gpg(home, MADE, "--quick-generate-key", WHO, "rsa2048", "sign", LIFE)
        archive.keyring.write_bytes(b"")
        _gpg(home, MADE, "--yes", "--output", str(archive.keyring), "--export")
        for part in ("debian", "debian-security", "synnefo"):
            head = archive.release_file(part)
            words = ["--yes", "--digest-algo", "SHA256", "--detach-sign", "--armor"]
            _gpg(home, SIGNED, *words, "--output", f"{head}.gpg", str(head))
        run.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)


def _gpg(home: str, time: str, *words: str) -> None:
    argv = ["gpg", "--homedir", home, "--batch", "--quiet", "--faked-system-time", f"{time}!"]
    run.run([*argv, "--pinentry-mode", "loopback", "--passphrase", "", *words])

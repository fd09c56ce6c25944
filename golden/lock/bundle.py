"""A pool as one signed file: a tar for a host without a mirror.

manifest.json       release, size and hash of every other member
manifest.json.sig   the signature over it, of the checkout that made it
RELEASE/Packages    the index
sha256/ab/HASH.deb  …
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from filelock import FileLock

from golden import atomic, log, paths
from golden.definition import Site
from golden.errors import UserError
from golden.keys import signing
from golden.lock import Lock, index
from golden.lock import pool as fill
from golden.packages import store

MANIFEST = "manifest.json"
SIGNATURE = MANIFEST + signing.SUFFIX
FORMAT = 1
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Member:
    """What the manifest says of one member."""

    size: int
    sha256: str


def pack(site: Site, out: Path) -> None:
    """Write the pool of the site's release to the file `out`, which appears whole or not at all.

    Raises UserError when the pool lacks a locked file, or a file is damaged; StageError when the
    disk is full.
    """
    wanted, pool = fill.held(site), paths.CACHE / "pool"
    members = _members(pool, wanted)
    record = {
        "pool": FORMAT,
        "release": wanted.release,
        "files": {name: {"size": m.size, "sha256": m.sha256} for name, m in members.items()},
    }
    manifest = (json.dumps(record, indent=1) + "\n").encode()
    if not out.parent.is_dir():
        raise UserError(f"{out}: there is no folder {out.parent}; make it, or name another")
    partial = atomic.partial(out)
    try:
        with (
            store.explain_full_disk(out),
            tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar,
        ):
            _add(tar, MANIFEST, io.BytesIO(manifest), len(manifest))
            signed = signing.signature(manifest)
            _add(tar, SIGNATURE, io.BytesIO(signed), len(signed))
            for name, member in members.items():
                with (pool / name).open("rb") as content:
                    _add(tar, name, content, member.size)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    log.info(f"{paths.shown(out)}: {len(members) - 1} packages, {out.stat().st_size / 1e6:.0f} MB")


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    tar.addfile(info, content)


def _members(pool: Path, wanted: Lock) -> dict[str, Member]:
    if lacking := fill.lacking(pool, wanted):
        names = ", ".join(lacking[:12])
        raise UserError(
            f"the pool does not have all that is locked, or not whole: {names}; fill it first with "
            "./inv pool.fill"
        )
    text = index.text(pool, wanted.release).encode()
    members = {f"{wanted.release}/{index.PACKAGES}": Member(len(text), _digest(text))}
    for each in wanted.files:
        members[str(store.file(Path(), each.sha256))] = Member(each.size, each.sha256)
    return members


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def unpack(file: Path, key: Path | None = None) -> None:
    """Take the bundle `file` into the pool, after all of it was verified.

    `key` holds the public key of the checkout that made it (PEM); ours without it. Raises UserError
    when the signature, or any member, is not what it should be, StageError when the disk is full;
    the pool is then as it was.
    """
    pool = paths.CACHE / "pool"
    pool.mkdir(parents=True, exist_ok=True)
    with FileLock(pool / ".lock"), store.explain_full_disk(pool):
        for left in pool.glob(".import-*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix=".import-", dir=pool) as place:
            release = _verified(file, _key(key), Path(place))
            _take_in(pool, Path(place), release)
    log.info(f"{paths.shown(file)}: in the pool of release '{release}'")


def _key(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError as error:
        raise UserError(f"--key {path}: {error.strerror}; name a file with a PEM key") from None


def _verified(file: Path, key: bytes | None, place: Path) -> str:
    """Unpack `file` to `place`, checking each byte; returns the release it is of."""
    try:
        with tarfile.open(file, "r|") as tar:
            record = _manifest(tar, file, key)
            left = {name: Member(**facts) for name, facts in record["files"].items()}
            # Not `for info in tar`: that begins with what was read already.
            while info := tar.next():
                member = left.pop(info.name, None)
                content = tar.extractfile(info)
                if member is None or content is None or info.size != member.size:
                    raise _bad(file, f"{info.name} is not what its manifest says")
                _write(place / info.name, content, member, file)
    except (tarfile.TarError, EOFError) as error:
        raise _bad(file, f"it is cut short, or no pool ({error})") from None
    except OSError as error:
        if error.filename == str(file):
            raise UserError(f"{file}: {error.strerror}; name a file of ./inv pool.export") from None
        raise
    if left:
        raise _bad(file, f"{len(left)} of its files are missing")
    return str(record["release"])


def _manifest(tar: tarfile.TarFile, file: Path, key: bytes | None) -> Mapping[str, Any]:
    first = [_small(tar, name, file) for name in (MANIFEST, SIGNATURE)]
    if not signing.is_signed(first[0], first[1], key):
        raise _bad(
            file, "its signature does not fit: it was changed, or made elsewhere (then give --key)"
        )
    # It is signed, so it is what `pack` wrote.
    record: Mapping[str, Any] = json.loads(first[0])
    if record["pool"] != FORMAT:
        raise _bad(file, f"it is of format {record['pool']}, and this checkout reads {FORMAT}")
    return record


def _small(tar: tarfile.TarFile, name: str, file: Path) -> bytes:
    info = tar.next()
    content = tar.extractfile(info) if info and info.name == name else None
    if content is None:
        raise _bad(file, f"it does not begin with {MANIFEST} and {SIGNATURE}")
    return content.read()


def _write(target: Path, content: IO[bytes], member: Member, file: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("wb") as out:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
    if digest.hexdigest() != member.sha256:
        raise _bad(file, f"{member.sha256[:12]}… is damaged: its bytes have another hash")


def _bad(file: Path, what: str) -> UserError:
    return UserError(
        f"{paths.shown(file)}: {what}; nothing was taken from it: bring it again from where it was "
        "made (./inv pool.export)"
    )


def _take_in(pool: Path, place: Path, release: str) -> None:
    for path in sorted(place.glob("sha256/*/*.deb")):
        target = pool / path.relative_to(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    index.write(pool, release, (place / release / index.PACKAGES).read_text())

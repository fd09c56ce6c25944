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
from pathlib import Path
from typing import Any

from filelock import FileLock

from golden import atomic, log, paths
from golden.definition import Site
from golden.errors import UserError
from golden.keys import signing
from golden.lock import pool as pools
from golden.packages import store

MANIFEST = "manifest.json"
SIGNATURE = MANIFEST + signing.SUFFIX
FORMAT = 1


def pack(site: Site, out: Path) -> None:
    """Write the pool of the site's release to the file `out`, which appears whole or not at all.

    Raises UserError when the pool lacks a locked file, or a file is damaged; StageError when the
    disk is full.
    """
    wanted, pool = pools.held(site), paths.CACHE / "pool"
    if lacking := pools.lacking(pool, wanted):
        names = ", ".join(lacking[:12])
        raise UserError(f"the pool lacks, or has damaged: {names}; mend it with ./inv pool.fill")
    if not out.parent.is_dir():
        raise UserError(f"{out}: there is no folder {out.parent}; make it, or name another")
    index = pools.read_index(pool, wanted.release).encode()
    files = {f"{wanted.release}/{pools.PACKAGES}": _facts(len(index), _digest(index))}
    for each in wanted.files:
        files[str(store.pooled(Path(), each.sha256))] = _facts(each.size, each.sha256)
    record = {"pool": FORMAT, "release": wanted.release, "files": files}
    manifest = (json.dumps(record, indent=1) + "\n").encode()
    partial = atomic.partial(out)
    try:
        with (
            store.explain_full_disk(out),
            tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name, content in ((MANIFEST, manifest), (SIGNATURE, signing.signature(manifest))):
                info = tarfile.TarInfo(name)
                info.size, info.mode = len(content), 0o644
                tar.addfile(info, io.BytesIO(content))
            for name in files:
                tar.add(pool / name, name, filter=_anonymous)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    log.info(f"{paths.shown(out)}: {len(files) - 1} packages, {out.stat().st_size / 1e6:.0f} MB")


def _facts(size: int, sha256: str) -> dict[str, Any]:
    return {"size": size, "sha256": sha256}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    plain = tarfile.TarInfo(info.name)
    plain.size, plain.mode = info.size, 0o644
    return plain


def unpack(file: Path, key: Path | None = None) -> None:
    """Take the bundle `file` into the pool, after all of it was verified.

    `key` holds the public key of the checkout that made it (PEM); ours without it. Raises UserError
    when the signature, or any member, is invalid, StageError when the disk is full; the pool is
    then as it was.
    """
    pool = paths.CACHE / "pool"
    pool.mkdir(parents=True, exist_ok=True)
    with FileLock(pool / ".lock"), store.explain_full_disk(pool):
        for left in pool.glob(".import-*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix=".import-", dir=pool) as place:
            release = _verified(file, signing.read_key(key) if key else None, Path(place))
            _take_in(pool, Path(place), release)
    log.info(f"{paths.shown(file)}: in the pool of release '{release}'")


def _verified(file: Path, key: bytes | None, place: Path) -> str:
    """Unpack `file` to `place` and check each byte; returns the release it is for."""
    try:
        with tarfile.open(file, "r|") as tar:
            record = _manifest(tar, file, key)
            left = dict(record["files"])
            # Not `for info in tar`: that begins with what was read already.
            while info := tar.next():
                facts = left.pop(info.name, None)
                if not facts or not info.isreg() or info.size != facts["size"]:
                    raise _invalid(file, f"{info.name} is not what its manifest says")
                _extract(tar, info, place)
                if not store.is_whole(place / info.name, **facts):
                    raise _invalid(file, f"{info.name} is damaged: its bytes have another hash")
    except (tarfile.TarError, EOFError) as error:
        raise _invalid(file, f"it is cut short, or no pool ({error})") from None
    except OSError as error:
        if error.filename == str(file) or isinstance(error, IsADirectoryError):
            raise UserError(f"{file}: {error.strerror}; name a file of ./inv pool.export") from None
        raise
    if left:
        raise _invalid(file, f"{len(left)} of its files are missing")
    return str(record["release"])


def _extract(tar: tarfile.TarFile, info: tarfile.TarInfo, place: Path) -> None:
    """Write a regular file to `place`. Debian 12's Python 3.11.2 has no extraction filters."""
    target, source = place / info.name, tar.extractfile(info)
    if source is None or not target.resolve().is_relative_to(place.resolve()):
        raise tarfile.ExtractError(f"{info.name} is no file below the archive")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        shutil.copyfileobj(source, out)


def _manifest(tar: tarfile.TarFile, file: Path, key: bytes | None) -> Mapping[str, Any]:
    first = []
    for name in (MANIFEST, SIGNATURE):
        info = tar.next()
        content = tar.extractfile(info) if info and info.name == name else None
        if content is None:
            raise _invalid(file, f"it does not begin with {MANIFEST} and {SIGNATURE}")
        first.append(content.read())
    if not signing.is_signed(first[0], first[1], key):
        raise _invalid(
            file, "its signature does not fit: it was changed, or made elsewhere (then give --key)"
        )
    # It is signed, so it is what `pack` wrote.
    record: Mapping[str, Any] = json.loads(first[0])
    if record["pool"] != FORMAT:
        raise _invalid(file, f"it is of format {record['pool']}, and this checkout reads {FORMAT}")
    return record


def _invalid(file: Path, why: str) -> UserError:
    return UserError(
        f"{paths.shown(file)}: {why}; nothing was taken from it: copy it again from where it was "
        "made (./inv pool.export)"
    )


def _take_in(pool: Path, place: Path, release: str) -> None:
    for path in sorted(place.glob("sha256/*/*.deb")):
        target = pool / path.relative_to(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    pools.write_index(pool, release, (place / release / pools.PACKAGES).read_text())

"""A site's secrets at rest: .secrets/SITE.age, encrypted with age(1), in place of .secrets/SITE."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

from golden import log, paths, run
from golden.errors import StageError, UserError
from golden.keys.at_rest import locked
from golden.keys.secrets import owned, write_private


def lock(site: str, recipients: str = "") -> None:
    """Encrypt the secrets of `site` for the keys in the file `recipients`, or with a passphrase
    that age asks for, and remove the plain ones.

    Raises UserError when there are none, and StageError when age fails; the plain ones stay then.
    """
    folder = paths.SECRETS / site
    if not folder.is_dir():
        raise UserError(f"{paths.shown(folder)}: site {site} has no secrets to lock")
    how = ["--recipients-file", recipients] if recipients else ["--passphrase"]
    with owned(folder):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for file in sorted(folder.iterdir()):
                tar.add(file, file.name)
        plain, new = _beside(folder, "tar"), _beside(folder, "new")
        try:
            write_private(plain, packed.getvalue())
            _age(["--encrypt", *how, "--output", new, plain])
            new.chmod(0o600)
            new.replace(locked(folder))
        finally:
            plain.unlink(missing_ok=True)
        shutil.rmtree(folder)
    log.info(f"{paths.shown(locked(folder))}: the secrets of site {site}; nothing reads them until")
    log.info(f"  ./inv secrets --unlock --site {site}")


def unlock(site: str, identity: str = "") -> None:
    """Decrypt the secrets of `site` with the key in the file `identity`, or a passphrase.

    Raises UserError when none are locked, and StageError when age fails; nothing changes then.
    """
    folder = paths.SECRETS / site
    source = locked(folder)
    if folder.exists() or not source.is_file():
        raise UserError(f"{paths.shown(source)}: site {site} has no locked secrets")
    plain, new = _beside(folder, "tar"), _beside(folder, "new")
    try:
        write_private(plain, b"")
        how = ["--identity", identity] if identity else []
        _age(["--decrypt", *how, "--output", plain, source])
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        with tarfile.open(plain) as tar:
            for member in tar:
                content = tar.extractfile(member)
                assert content is not None
                write_private(new / Path(member.name).name, content.read())
    finally:
        plain.unlink(missing_ok=True)
    new.replace(folder)
    source.unlink()
    log.info(f"site {site}: the secrets are in {paths.shown(folder)} again")


def _beside(folder: Path, suffix: str) -> Path:
    return folder.with_name(f".{folder.name}.{suffix}")


def _age(words: Sequence[str | Path]) -> None:
    # On the person's own terminal, for the passphrase.
    try:
        code = run.interactive(["age", *words])
    except FileNotFoundError:
        raise UserError("age is not installed: apt-get install age") from None
    if code != 0:
        raise StageError("secrets", "age failed; what it said is above", code=code)

"""Sign files, and verify that a file is unchanged since.

Each checkout has one signing key, made at its first use. Signatures are RSA with SHA-256, as
`openssl dgst -sha256 -verify KEY -signature FILE.sig FILE` takes them: the installer verifies with
OpenSSL 1.0.1 in wheezy.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from filelock import FileLock

from golden import atomic, log, paths
from golden.errors import UserError
from golden.keys.secrets import pem, write_private

SUFFIX = ".sig"
GET_ANEW = "take it from its source again"
SHA256 = Prehashed(hashes.SHA256())
KEY_BITS = 3072
# No site's name has a dot.
TRUSTED = "signing.trusted"


def public_key() -> bytes:
    """The PEM text that `verify`, or openssl, needs to verify our signatures."""
    return _key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def export(out: str = "") -> None:
    """Print `public_key`, or write it to the file `out`."""
    if not out:
        log.raw(public_key().decode())
        return
    try:
        atomic.write(Path(out), public_key())
    except OSError as error:
        raise UserError(f"--out {out}: {error.strerror}; name a file elsewhere") from None


def read_key(path: Path) -> bytes:
    """The public key in the PEM file `path`. Raises UserError when it is none of RSA."""
    try:
        content = path.read_bytes()
        if isinstance(load_pem_public_key(content), rsa.RSAPublicKey):
            return content
        why = "no RSA key"
    except OSError as error:
        why = f"{error.strerror}"
    except ValueError:
        why = "no public key in PEM"
    raise UserError(f"--key {path}: {why}; give the file that ./inv release.key printed")


def signature(content: bytes) -> bytes:
    """Sign `content` with this checkout's key."""
    return _sign(hashlib.sha256(content).digest())


def sign(path: Path) -> Path:
    """Sign the file `path`; return the path of the signature beside it."""
    target = signature_path(path)
    atomic.write(target, _sign(_digest(path)))
    return target


def signature_path(path: Path) -> Path:
    """The path of the signature of the file `path`."""
    return path.with_name(path.name + SUFFIX)


def verify(path: Path, key: bytes | None = None, *, then: str = GET_ANEW) -> None:
    """Raise UserError unless the signature beside `path` fits its content and `key` (PEM text;
    default: this checkout's). `then` says what to do about it."""
    found = signature_path(path)
    if not found.is_file():
        raise UserError(
            f"{paths.shown(path)}: not signed: {found.name} is missing beside it; {then}"
        )
    if not _fits(_digest(path), found.read_bytes(), key):
        raise UserError(
            f"{paths.shown(path)}: its signature does not fit: it was changed, or signed by "
            f"another checkout; {then}"
        )


def is_valid(path: Path) -> bool:
    """Whether `path` is a file that this checkout has signed, unchanged since."""
    try:
        verify(path)
    except (FileNotFoundError, UserError):
        return False
    return True


def is_signed(content: bytes, signed: bytes, key: bytes | None = None) -> bool:
    """Whether `signed` is the signature of `content` by `key` (PEM text; default: our own)."""
    return _fits(hashlib.sha256(content).digest(), signed, key)


def _sign(digest: bytes) -> bytes:
    return _key().sign(digest, padding.PKCS1v15(), SHA256)


def trust(key: bytes) -> None:
    """Take signatures by `key` (PEM text) for this checkout's own, from now on."""
    if key != public_key():
        name = f"{hashlib.sha256(key).hexdigest()}.pem"
        atomic.write(paths.SECRETS / TRUSTED / name, key, durable=True)


def _fits(digest: bytes, signed: bytes, key: bytes | None) -> bool:
    if key is None:
        trusted = sorted((paths.SECRETS / TRUSTED).glob("*.pem"))
        keys = [public_key(), *(path.read_bytes() for path in trusted)]
        return any(_fits(digest, signed, each) for each in keys)
    public = load_pem_public_key(key)
    if not isinstance(public, rsa.RSAPublicKey):
        return False
    try:
        public.verify(signed, digest, padding.PKCS1v15(), SHA256)
    except InvalidSignature:
        return False
    return True


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _key() -> rsa.RSAPrivateKey:
    path = paths.SECRETS / "signing.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # The disks of a first bake are signed at the same time, and by one key.
        with FileLock(path.with_name(".signing.lock")):
            if not path.exists():
                write_private(path, pem(rsa.generate_private_key(65537, KEY_BITS)))
    # Its numbers need no proof, which takes half a second: nobody else writes this file.
    key = load_pem_private_key(path.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise UserError(f"{paths.shown(path)}: not an RSA key; move it away to have one made")
    return key

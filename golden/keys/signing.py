"""Sign files, and verify that a file is unchanged since.

Each checkout has one signing key, made at its first use. Signatures are RSA with SHA-256, as
`openssl dgst -sha256 -verify` takes them: the installer verifies with OpenSSL 1.0.1 in wheezy.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from golden import atomic, paths
from golden.errors import UserError
from golden.keys.secrets import pem, write_private

SUFFIX = ".sig"
KEY_BITS = 3072


def public_key() -> bytes:
    """The PEM text that `verify`, or openssl, needs to verify our signatures."""
    return _key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signature(content: bytes) -> bytes:
    """Sign `content` with this checkout's key."""
    return _key().sign(content, padding.PKCS1v15(), hashes.SHA256())


def sign(path: Path) -> Path:
    """Sign the file `path`; return the path of the signature beside it."""
    target = signature_path(path)
    atomic.write(target, signature(path.read_bytes()))
    return target


def signature_path(path: Path) -> Path:
    """The path of the signature of the file `path`."""
    return path.with_name(path.name + SUFFIX)


def verify(path: Path, key: bytes | None = None) -> None:
    """Raise UserError unless the signature beside `path` fits its content and `key` (PEM text;
    default: this checkout's)."""
    found = signature_path(path)
    if not found.is_file():
        raise UserError(f"{paths.shown(path)}: not signed: {found.name} is missing beside it")
    if not is_signed(path.read_bytes(), found.read_bytes(), key):
        raise UserError(
            f"{paths.shown(path)}: its signature does not fit: it was changed, or signed by "
            "another checkout; take it from its source again"
        )


def is_signed(content: bytes, signed: bytes, key: bytes | None = None) -> bool:
    """Whether `signed` is the signature of `content` by `key` (PEM text; default: our own)."""
    public = load_pem_public_key(key or public_key())
    if not isinstance(public, rsa.RSAPublicKey):
        return False
    try:
        public.verify(signed, content, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _key() -> rsa.RSAPrivateKey:
    path = paths.SECRETS / "signing.key"
    if not path.exists():
        write_private(path, pem(rsa.generate_private_key(65537, KEY_BITS)))
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise UserError(f"{paths.shown(path)}: not an RSA key; move it away to have one made")
    return key

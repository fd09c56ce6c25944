"""A site's secrets: made once, kept in .secrets/SITE (folder 0700, files 0600), never printed.

Passwords are [A-Za-z0-9] only: they travel in URLs (AMQP_HOSTS, database URIs), in SQL and on
command lines (docs/synnefo.md S7.2). Keys are RSA and ECDSA P-256 in traditional PEM, which
wheezy's OpenSSH 6.0 and OpenSSL 1.0.1 read as today's tools do (docs/wheezy.md W9.1).
"""

from __future__ import annotations

import json
import re
import secrets as entropy
import string
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from filelock import FileLock

from golden import atomic, definition, log
from golden.definition import Site
from golden.errors import MALFORMED, UserError
from golden.keys.at_rest import check_modes, refuse_locked
from golden.paths import SECRETS, shown

ALPHABET = string.ascii_letters + string.digits

# name -> length. The lengths obey Synnefo's limits: component tokens up to 64 characters,
# the encryption key at most 32 bytes (docs/synnefo.md S7.1, S3.5).
LENGTHS: Mapping[str, int] = {
    "database_password": 24,
    "rabbitmq_password": 24,
    "rabbitmq_cookie": 42,
    "rapi_password": 24,
    "webproject_secret": 50,
    "encryption_key": 32,
    "pithos_token": 40,
    "cyclades_token": 40,
    "oauth2_secret": 32,
    "vnc_password": 24,
    "user_password": 16,
    "stats_secret": 32,
    "collectd_password": 24,
    "smtp_password": 24,
    "recaptcha_private_key": 40,
}

# Made like the others, so that nothing is missing; who needs these writes those that the mail
# provider and Google gave out over them, in secrets.json. A rotation hands out what stands there.
GIVEN = ("smtp_password", "recaptcha_private_key")

# What a person may write over them: a line of text that no command takes for an option.
_TEXT = (re.compile(r"(?![-\s])[^\x00-\x1f\x7f-\x9f\u2028\u2029]+(?<!\s)"), "one line of text")
_ASCII = (re.compile(r"(?![-\s])[ -~]+(?<!\s)"), "one line of ASCII text")
_WORD = (re.compile(r"[!-~]{1,64}"), "at most 64 letters of ASCII")
_FORMS = {
    "encryption_key": (re.compile(r"[!-~]{1,32}"), "at most 32 letters of ASCII"),  # S3.5
    # Values of HTTP headers, of the tables' length (S7.1), and an atom of Erlang.
    "pithos_token": _WORD,
    "cyclades_token": _WORD,
    "rabbitmq_cookie": _WORD,
    # Ganeti's remote API lets nobody in with another (W14.16).
    "rapi_password": _ASCII,
}

HOST_KEY_TYPES = ("rsa", "ecdsa")

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Secrets:
    """The secrets in `folder`. `generation` names this set; `created` is in epoch seconds;
    `rotation` counts how often one was made anew."""

    folder: Path
    generation: str
    created: int
    rotation: int
    values: Mapping[str, str]

    @property
    def operator_key(self) -> Path:
        """The private SSH key (ECDSA P-256) that the operator's machine logs in with."""
        return self.folder / "operator_key"

    @property
    def root_key(self) -> Path:
        """The private SSH key (RSA, as the guide asks) that root has on all nodes."""
        return self.folder / "root_key"

    def host_key(self, node: str, kind: str) -> Path:
        """The private SSH host key of `node`; `kind` is one of HOST_KEY_TYPES."""
        return self.folder / f"{node}.host_{kind}"


def ensure(site: Site) -> Secrets:
    """Make the missing secrets of `site`, leave existing ones unchanged, and return them all.

    Raises UserError when others can read the folder or a file in it.
    """
    folder = SECRETS / site.name
    with owned(folder):
        _ensure_values(folder / "secrets.json")
        _ensure_ssh_key(folder / "operator_key", _new_ecdsa, f"operator@{site.domain}")
        _ensure_ssh_key(folder / "root_key", _new_rsa, f"root@{site.domain}")
        for node in site.nodes:
            _ensure_ssh_key(folder / f"{node.name}.host_rsa", _new_rsa, f"root@{node.fqdn}")
            _ensure_ssh_key(folder / f"{node.name}.host_ecdsa", _new_ecdsa, f"root@{node.fqdn}")
        return _read(folder)


def unfit(name: str, text: object) -> str:
    """Why a node cannot use `text` as its secret `name`; empty if it can. Quotes nothing of it."""
    form, words = _FORMS.get(name, _TEXT)
    if isinstance(text, str) and form.fullmatch(text) and "@@SECRET:" not in text:
        return ""
    return f"{name} must be {words}, in quotes, without a space or '-' at its ends"


def make(site: str) -> None:
    """`inv secrets`: make missing secrets, print where they are. Raises UserError as `ensure`."""
    folder = ensure(definition.load(site)).folder
    log.info(f"site {site}: passwords, keys and CA are in {shown(folder)}; keep a copy of it safe")


def renew(site: Site, name: str) -> Secrets:
    """Make the secret `name` anew, but for one that others gave out, and return all secrets.

    Raises UserError as `ensure`; nothing is changed then.
    """
    file = ensure(site).folder / "secrets.json"
    with owned(file.parent):
        stored = _stored(file)
        if name not in GIVEN:
            stored["values"][name] = _password(LENGTHS[name])
        stored["rotation"] += 1
        _write(file, stored)
        return _read(file.parent)


def load(site: Site) -> Secrets:
    """Read the secrets of `site`. Raises UserError if there are none, or others can read them."""
    folder = SECRETS / site.name
    refuse_locked(folder)
    if not (folder / "secrets.json").exists():
        raise UserError(
            f"{shown(folder)}: site {site.name} has no secrets yet; "
            f"make them with: ./inv secrets --site {site.name}"
        )
    check_modes(folder)
    return _read(folder)


def known_hosts(site: Site, secrets: Secrets) -> str:
    """The nodes' host keys in OpenSSH's known_hosts format, by name, short name and address."""
    lines = [
        f"{node.fqdn},{node.name},{node.address} {_public_words(secrets.host_key(node.name, kind))}"
        for node in site.nodes
        for kind in HOST_KEY_TYPES
    ]
    return "\n".join(lines) + "\n"


def write_private(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically, mode 0600: nobody ever sees half a key."""
    atomic.write(path, data, mode=0o600, durable=True)


def pem(key: Key) -> bytes:
    """`key` in the traditional PEM format (PKCS #1, SEC 1), without a passphrase."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Lock `folder`: two runs at once must not make two sets of secrets."""
    refuse_locked(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{folder.name}.lock"):
        folder.mkdir(mode=0o700, exist_ok=True)
        _remove_leftovers(folder)
        check_modes(folder)
        yield


def _remove_leftovers(folder: Path) -> None:
    # A killed run leaves the temporary file of its last write.
    for file in folder.glob(".*"):
        file.unlink()


def _ensure_values(file: Path) -> None:
    stored = _stored(file) if file.exists() else _new_set()
    missing = [name for name in LENGTHS if name not in stored["values"]]
    if not missing and file.exists():
        return
    for name in missing:
        stored["values"][name] = _password(LENGTHS[name])
    _write(file, stored)


def _write(file: Path, stored: Mapping[str, Any]) -> None:
    write_private(file, (json.dumps(stored, indent=1, sort_keys=True) + "\n").encode())


def _new_set() -> dict[str, Any]:
    return {
        "generation": entropy.token_hex(4),
        "created": int(time.time()),
        "rotation": 0,
        "values": {},
    }


def _password(length: int) -> str:
    return "".join(entropy.choice(ALPHABET) for _ in range(length))


def _ensure_ssh_key(private: Path, make: Callable[[], Key], comment: str) -> None:
    public = private.with_name(private.name + ".pub")
    if not private.exists():
        write_private(private, pem(make()))
        public.unlink(missing_ok=True)
    if not public.exists():
        key = load_pem_private_key(private.read_bytes(), password=None)
        words = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        write_private(public, words + f" {comment}\n".encode())


def _new_rsa() -> Key:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _new_ecdsa() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def _public_words(private: Path) -> str:
    kind, key = private.with_name(private.name + ".pub").read_text().split()[:2]
    return f"{kind} {key}"


def _stored(file: Path) -> dict[str, Any]:
    """Read secrets.json, which a person may have edited. Messages quote nothing of it."""
    try:
        written = file.read_text()
        stored = json.loads(written)
        found = {"generation": str(stored["generation"]), "created": int(stored["created"])}
        found |= {"rotation": int(stored.get("rotation", 0))}
        wrong = {name: why for name, text in stored["values"].items() if (why := unfit(name, text))}
        if not wrong:
            return found | {"values": stored["values"]}
        name, why = min(wrong.items())
        line = written[: written.find(json.dumps(name))].count("\n") + 1
        where = f"{shown(file)}:{line}"
    except json.JSONDecodeError as error:
        why = f"not JSON: {error.msg}"
        where = f"{shown(file)}:{error.lineno}"
    except MALFORMED:
        why, where = "it must hold generation, created (a number) and values", shown(file)
    raise UserError(
        f"{where}: {why}; mend it or take your copy: without it the site's nodes must be made anew"
    )


def _read(folder: Path) -> Secrets:
    stored = _stored(folder / "secrets.json")
    return Secrets(folder, **stored)

"""How a site's secrets are recognized where they must not be: each in the forms that it takes in
files, URLs, scripts and password databases."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path

from golden import log, paths
from golden.keys.at_rest import refuse_locked

# A shorter text stands in many files by chance.
SHORTEST = 8
# Users and realms with which programs of the nodes hash a password: PostgreSQL (md5 of password and
# user), Ganeti's RAPI (HA1 of RFC 2617: docs/synnefo.md S7.2).
POSTGRESQL_USER = "synnefo"
REALM = "synnefo:Ganeti Remote API:"


def of_site(site: str, folder: Path | None = None) -> dict[bytes, str]:
    """{form: name of the secret} of the secrets of `site` that were made, and of the signing key.

    `folder` is where the sites' secrets lie (default: `paths.SECRETS`). Raises UserError while they
    are locked: nothing could look for them.
    """
    base = folder or paths.SECRETS
    refuse_locked(base / site)
    found = dict[bytes, str]()
    for name, value in _values(base / site):
        if len(value) < SHORTEST:
            log.warn(
                f"{name} is shorter than {SHORTEST} letters: nothing can look for it in images"
            )
            continue
        found |= dict.fromkeys(forms(value), name)
    for file in [*(base / site).glob("*"), base / "signing.key"]:
        if file.is_file() and (line := _key_line(file)):
            found |= dict.fromkeys(forms(line), file.name)
    return found


def forms(secret: str) -> set[bytes]:
    """How the bytes of `secret` may look: as they are, quoted, encoded or hashed."""
    raw = secret.encode()
    found = {raw, shlex.quote(secret)[1:-1].encode() if "'" in secret else raw}
    found |= {
        urllib.parse.quote(secret, safe="").encode(),
        urllib.parse.quote_plus(secret).encode(),
    }
    found |= {json.dumps(secret)[1:-1].encode(), raw.hex().encode(), raw.hex().upper().encode()}
    found |= set(_base64(raw))
    hashed = {secret, secret + POSTGRESQL_USER, REALM + secret}
    found |= {hashlib.md5(text.encode()).hexdigest().encode() for text in hashed}
    found |= {hashlib.sha256(raw).hexdigest().encode(), hashlib.sha1(raw).hexdigest().encode()}
    return {form for form in found if b"\n" not in form}


def held_in(content: bytes, known: Mapping[bytes, str]) -> str:
    """The name of a secret of which `content` holds a form; empty for none."""
    # One by one is six times as fast as one regular expression of all.
    return next((name for mark, name in known.items() if mark in content), "")


def _base64(raw: bytes) -> Iterator[bytes]:
    """Its own base64, and what is the same in that of any text that contains it: the letters that
    the bytes before and behind it have no part in."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + raw)
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        yield text[first:last]


def _values(folder: Path) -> Iterator[tuple[str, str]]:
    file = folder / "secrets.json"
    if file.is_file():
        stored: Mapping[str, Mapping[str, str]] = json.loads(file.read_text())
        yield from stored["values"].items()


def _key_line(file: Path) -> str:
    """The second line of a private key, which no other key has; empty for another file."""
    lines = file.read_text(errors="replace").splitlines()
    private = bool(lines) and "PRIVATE KEY" in lines[0] and len(lines) > 3
    return lines[2] if private else ""

"""Ganeti's remote API. Cyclades does not verify its certificate, which Ganeti made itself."""

import hashlib
import hmac
import secrets
import warnings
from itertools import count
from typing import Any

import requests


def _stream(key: str, nonce: bytes, length: int) -> bytes:
    blocks = (hashlib.sha256(key.encode() + nonce + bytes([i])).digest() for i in count())
    return b"".join(next(blocks) for _ in range(length // 32 + 1))[:length]


def encrypt(key: str, text: str) -> str:
    """The password as it is stored: nonce, check, cipher text."""
    nonce, data = secrets.token_bytes(8), text.encode()
    body = bytes(a ^ b for a, b in zip(data, _stream(key, nonce, len(data)), strict=True))
    check = hmac.digest(key.encode(), nonce + body, "sha256")[:8]
    return (nonce + check + body).hex()


def decrypt(key: str, stored: str) -> str:
    """The password. Raises ValueError when SECRET_ENCRYPTION_KEY has changed."""
    raw = bytes.fromhex(stored)
    nonce, check, body = raw[:8], raw[8:16], raw[16:]
    if not hmac.compare_digest(check, hmac.digest(key.encode(), nonce + body, "sha256")[:8]):
        raise ValueError("SECRET_ENCRYPTION_KEY has changed since backend-add")
    return bytes(a ^ b for a, b in zip(body, _stream(key, nonce, len(body)), strict=True)).decode()


class Rapi:
    """The RAPI of a backend."""

    def __init__(self, host: str, port: int, user: str, password: str) -> None:
        self.base, self.auth = f"https://{host}:{port}/2", (user, password)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer. Raises requests' ConnectionError and HTTPError."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            url = self.base + path
            answer = requests.request(
                method, url, json=body, auth=self.auth, verify=False, timeout=60
            )
        if answer.status_code >= 400:
            text = f"{method} {url}: {answer.status_code} {answer.text}"
            raise requests.HTTPError(text, response=answer)
        return answer.json()


def of(settings: Any, row: dict[str, Any]) -> Rapi:
    """The RAPI of a row of db_backend."""
    password = decrypt(settings.SECRET_ENCRYPTION_KEY, row["password_hash"])
    return Rapi(row["clustername"], row["port"], row["username"], password)

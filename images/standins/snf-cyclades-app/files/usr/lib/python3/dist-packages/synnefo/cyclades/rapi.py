"""Ganeti's remote API. Cyclades does not verify its certificate, which Ganeti made itself."""

import base64
import hashlib
from typing import Any

import requests
import urllib3
from cryptography.fernet import Fernet, InvalidToken

urllib3.disable_warnings()


def cipher(settings: Any) -> Fernet:
    """What passwords are stored with."""
    digest = hashlib.sha256(settings.SECRET_ENCRYPTION_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


class Rapi:
    """The RAPI of a backend, a row of db_backend."""

    def __init__(self, row: dict[str, Any], password: str) -> None:
        self.base = f"https://{row['clustername']}:{row['port']}/2"
        self.auth = row["username"], password

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer. Raises requests' ConnectionError and HTTPError."""
        url = self.base + path
        more: dict[str, Any] = {"json": body, "auth": self.auth, "timeout": 60}
        answer = requests.request(method, url, verify=False, **more)
        if answer.status_code >= 400:
            text = f"{method} {url}: {answer.status_code} {answer.text}"
            raise requests.HTTPError(text, response=answer)
        return answer.json()


def of(settings: Any, row: dict[str, Any]) -> Rapi:
    """The RAPI of a backend. Raises ValueError when SECRET_ENCRYPTION_KEY has changed."""
    try:
        password = cipher(settings).decrypt(row["password_hash"].encode()).decode()
    except InvalidToken as error:
        raise ValueError("SECRET_ENCRYPTION_KEY has changed since backend-add") from error
    return Rapi(row, password)

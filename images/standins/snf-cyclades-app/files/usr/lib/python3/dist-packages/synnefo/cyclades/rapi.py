"""Ganeti's remote API. Cyclades does not verify its certificate, which Ganeti made itself."""

import base64
import hashlib
import warnings
from typing import Any

import requests
from cryptography.fernet import Fernet, InvalidToken


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
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = requests.request(
                method, url, json=body, auth=self.auth, verify=False, timeout=60
            )
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

"""The kinds of settings: what a value must look like. Messages never repeat the value."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# Values that are printed in the guide or shipped as upstream's default are known to everybody.
PUBLIC = re.compile(r"example|^Password Encryption Key$|^secret_key$|secret_password|token22w|@@|<")
VNC_KEYS = {"auth_user", "auth_password", "server_address", "server_port", "enable_ssl"}
VNC_KEYS |= {"ca_cert", "strict"}
ENGINE = "django.db.backends.postgresql_psycopg2"
TEXT = {"ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT"}


def _secret(value: Any, low: int = 8, high: int = 64) -> str | None:
    if not isinstance(value, str) or not low <= len(value.encode()) <= high:
        return f"must be a string of {low} to {high} bytes"
    return "is a public example or a placeholder" if PUBLIC.search(value) else None


def _people(value: Any) -> str | None:
    pairs = isinstance(value, tuple) and all(isinstance(p, tuple) and len(p) == 2 for p in value)
    good = pairs and value and all("@" in str(p[1]) for p in value)
    return None if good else "must be a tuple of (name, e-mail) tuples, at least one"


def _databases(value: Any) -> str | None:
    entry = value.get("default") if isinstance(value, dict) else None
    if not isinstance(entry, dict) or not TEXT <= set(entry) <= {*TEXT, "OPTIONS"}:
        return f"must be {{'default': dict of {', '.join(sorted(TEXT))} and perhaps OPTIONS}}"
    if entry["ENGINE"] != ENGINE:
        return f"['default']['ENGINE'] must be '{ENGINE}'"
    if not all(isinstance(entry[key], str) and entry[key] for key in TEXT):
        return "['default'] must hold non-empty strings"
    return f"['default']['PASSWORD'] {fault}" if (fault := _secret(entry["PASSWORD"])) else None


def _amqp(value: Any) -> str | None:
    hosts = isinstance(value, list) and value
    if not hosts or not all(re.match(r"amqp://[^:@/]+:[^:@/]+@[^:@/]+:\d+$", h) for h in value):
        return "must be a list of amqp://user:password@host:port"
    # Only the password: the domain of the rehearsal is an example and may be.
    public = any(PUBLIC.search(urlsplit(host).password or "") for host in value)
    return "holds a public example or a placeholder" if public else None


def _vnc(value: Any) -> str | None:
    if not isinstance(value, list) or not value or set(value[0]) != VNC_KEYS:
        return f"must be a list of dicts of {', '.join(sorted(VNC_KEYS))}"
    return f"auth_password {fault}" if (fault := _secret(value[0]["auth_password"])) else None


def _credentials(value: Any) -> str | None:
    if not isinstance(value, tuple) or len(value) != 2 or value[0] != "pithos-view":
        return "must be the tuple ('pithos-view', secret)"
    return _secret(value[1])


def _directory(value: Any) -> str | None:
    good = isinstance(value, str) and Path(value).is_dir() and os.access(value, os.W_OK)
    return None if good else "must be a directory this user may write to"


TYPES: dict[str, tuple[type, ...]] = {"str": (str,), "list": (list, tuple), "dict": (dict,)}
TYPES |= {"bool": (bool,), "int": (int,), "any": (object,)}
PATTERNS = {
    "url": r"https://[\w.-]+(:\d+)?/\S*[^/\s]",
    "folder_url": r"https://[\w.-]+(:\d+)?/\S*/",
    "cookie_domain": r"\.[\w.-]+",
    "memcached": r"memcached://[^/:]+:\d+/\?timeout=\d+",
    "mail_backend": r"django\.core\.mail\.backends\.(smtp|filebased)\.EmailBackend",
    "mac_prefix": r"([0-9a-f]{2}:){2}[0-9a-f]",
    "postgresql": r"postgresql://[^:@/]+:[^:@/]+@[^:@/]+:\d+/\w+",
}
CHECKS: dict[str, Callable[[Any], str | None]] = {
    "secret": _secret,
    "secret_key": lambda value: _secret(value, 32, 4096),
    "encryption_key": lambda value: _secret(value, 8, 32),
    "people": _people,
    "databases": _databases,
    "amqp": _amqp,
    "vnc": _vnc,
    "credentials": _credentials,
    "directory": _directory,
}


def fault(kind: str, value: Any) -> str | None:
    """What is wrong with the value, or None."""
    if kind in CHECKS:
        return CHECKS[kind](value)
    if pattern := PATTERNS.get(kind):
        good = isinstance(value, str) and bool(re.fullmatch(pattern, value))
        return None if good else f"must be a {kind}: {pattern}"
    good = isinstance(value, TYPES[kind]) and (kind != "int" or not isinstance(value, bool))
    return None if good else f"must be of type {kind}, is {type(value).__name__}"

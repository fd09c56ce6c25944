"""Settings of one host that must fit together, and those that must be the same on every host.

Plays what shows itself at upstream when something is asked for. Not: settings of other programs.
"""

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from synnefo.lib import db

if TYPE_CHECKING:
    from synnefo.settings import Settings

AUTH, BASE, COOKIE = "ASTAKOS_AUTH_URL", "ASTAKOS_BASE_URL", "ASTAKOS_COOKIE_DOMAIN"
CLOUDBAR = ("CLOUDBAR_LOCATION", "CLOUDBAR_SERVICES_URL", "CLOUDBAR_MENU_URL")
PITHOS_DATABASE = ("PITHOS_BACKEND_DB_CONNECTION", "BACKEND_DB_CONNECTION")


def _differ(settings: "Settings", one: str, other: str, why: str) -> str:
    return f"{settings.where(one)}: {one} does not fit {other} ({settings.where(other)}): {why}"


def _urls(settings: "Settings") -> list[str]:
    text = {name: str(settings.values.get(name) or "") for name in (AUTH, BASE, COOKIE, *CLOUDBAR)}
    host = {name: urlsplit(value).netloc for name, value in text.items()}
    anchor = AUTH if text[AUTH] else BASE
    on_astakos = "the cloudbar is on the Astakos host"
    pairs = [(name, anchor, on_astakos, host[name] == host[anchor]) for name in CLOUDBAR]
    pairs += [(AUTH, BASE, "must add /identity/v2.0", text[AUTH] == f"{text[BASE]}/identity/v2.0")]
    reached = urlsplit(text[BASE]).hostname or ""
    why = "the cookie would not reach the host"
    pairs += [(COOKIE, BASE, why, reached.endswith(text[COOKIE]))]
    wrong = [pair[:3] for pair in pairs if text[pair[0]] and text[pair[1]] and not pair[3]]
    return [_differ(settings, *pair) for pair in wrong]


def _databases(settings: "Settings") -> list[str]:
    found, entry = [], settings.DATABASES["default"]
    strings = [name for name in PITHOS_DATABASE if settings.values.get(name)]
    if len({settings.values[name] for name in strings}) > 1:
        found.append(_differ(settings, strings[0], strings[1], "both name the Pithos database"))
    for name in strings:
        uri = urlsplit(settings.values[name])
        if uri.username == entry["USER"] and unquote(uri.password or "") != entry["PASSWORD"]:
            found.append(_differ(settings, name, "DATABASES", "same user, other password"))
    if entry.get("OPTIONS", {}).get("synnefo_poolsize") and not db.POOLED:
        why = "synnefo_poolsize without monkey_patch_psycopg2() before it"
        found.append(f"{settings.where('DATABASES')}: {why}")
    return found


def problems(settings: "Settings") -> list[str]:
    """What does not fit together on this host."""
    found = _urls(settings) + _databases(settings)
    if "filebased" in settings.EMAIL_BACKEND and not settings.EMAIL_FILE_PATH:
        found.append(f"{settings.where('EMAIL_BACKEND')}: EMAIL_BACKEND needs EMAIL_FILE_PATH")
    return found


def fingerprints(settings: "Settings") -> dict[str, tuple[str, str]]:
    """Setting -> (salted hash, place) of all that must be the same on every host."""
    shared = {name: name for name in ("SECRET_KEY", "ASTAKOS_AUTH_URL", "AMQP_HOSTS", *CLOUDBAR)}
    shared |= dict.fromkeys(PITHOS_DATABASE, "Pithos database string")
    values = {k: v for k, v in settings.values.items() if k in shared and v}
    if "ASTAKOS_BASE_URL" in settings.values:
        values.setdefault("ASTAKOS_AUTH_URL", f"{settings.ASTAKOS_BASE_URL}/identity/v2.0")
    return {
        shared[k]: (hashlib.sha256(f"{shared[k]} {v!r}".encode()).hexdigest(), settings.where(k))
        for k, v in values.items()
    }

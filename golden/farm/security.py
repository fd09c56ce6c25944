"""TLS between all hosts of a farm: dask's own, with a certificate of the project's own CA."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from distributed import Security

from golden.errors import UserError
from golden.farm.graph import DISK, DISK_MIB, ROOT
from golden.keys import pki
from golden.keys.secrets import write_private

ROLES = ("scheduler", "worker", "client")
# Nothing of dask's is served without TLS: its pages of figures ask nobody who they are.
NO_PAGES: Mapping[str, list[str]] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


def own() -> Security:
    """What this checkout shows to, and asks of, the others; made at first use."""
    held = pki.ensure_farm()
    roles = {
        f"tls_{role}_{what}": text
        for role in ROLES
        for what, text in (("cert", held.certificate), ("key", held.key))
    }
    return Security(require_encryption=True, tls_ca_file=held.ca, **roles)


def contexts(security: Security, role: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For serving, and for asking; either side must show a certificate of the farm.

    Raises UserError without any.
    """
    serving = security.get_listen_args(role)["ssl_context"]
    asking = security.get_connection_args(role)["ssl_context"]
    if serving is None or asking is None:
        raise UserError(
            "a worker of this farm runs without TLS: start it with DASK_CONFIG=FILE, the file that "
            "./inv farm.keys --out FILE writes"
        )
    return serving, asking


def write(out: Path) -> None:
    """Write dask's configuration for a scheduler or worker of the farm, with certificate and key.

    Raises UserError where that cannot be.
    """
    held = pki.ensure_farm()
    tls: dict[str, Any] = {role: {"cert": held.certificate, "key": held.key} for role in ROLES}
    config = {
        "comm": {
            "default-scheme": "tls",
            "require-encryption": True,
            "tls": {"ca-file": held.ca, **tls},
        },
        "scheduler": {"http": {"routes": []}},
        "worker": {"http": {"routes": []}, "resources": {ROOT: 1, DISK: 4 * DISK_MIB}},
    }
    try:
        write_private(out, yaml.safe_dump({"distributed": config}).encode())
    except OSError as error:
        raise UserError(f"--out {out}: {error.strerror}; name a file elsewhere") from None

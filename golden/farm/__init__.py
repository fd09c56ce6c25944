"""A bake on many hosts: `inv bake --farm`, by dask.distributed.

dask schedules, tries again and copes with workers that are lost; here is what it is told. Read in
this order: `graph` (from plans to tasks), `model` (what workers are told, and answer), `worker`
(what they do), `transfer` (layers and disks from one host to another), `facts` (what must be the
same everywhere), `client` (the side that asks). The extra `farm` brings dask.
"""

from __future__ import annotations

import functools
import re
from importlib.util import find_spec
from pathlib import Path

from golden import log, paths
from golden.bake import Make
from golden.errors import UserError

_ADDRESS = re.compile(r"local:[1-9][0-9]{0,2}|(tcp|tls)://[^\s/:]+:[0-9]{1,5}")


def maker(address: str) -> Make:
    """What makes the stale layers and disks on the farm at `address`.

    Raises UserError for an address that is none, and where dask is missing.
    """
    if not _ADDRESS.fullmatch(address):
        raise UserError(
            f"--farm {address}: give its scheduler as tcp://HOST:PORT, or local:N for N workers "
            "on this host"
        )
    _require_dask("--farm")
    # Its libraries take as long to load as a bake with nothing to do.
    from golden.farm import client

    return functools.partial(client.make, address)


def write_keys(out: str) -> None:
    """`inv farm.keys`: write dask's configuration of the farm's hosts, which holds their key."""
    _require_dask("farm.keys")
    from golden.farm import security

    security.write(Path(out))
    log.info(
        f"{paths.shown(Path(out))}: for every host of the farm, and secret: it holds their key"
    )


def _require_dask(what: str) -> None:
    if find_spec("distributed") is None:
        raise UserError(
            f"{what} needs dask.distributed, the extra 'farm' of pyproject.toml: ./inv installs "
            "it, or in your own environment: pip install '.[farm]'"
        )

"""How a node runs as a container: compose/compose.yaml as arguments of the Docker SDK.

The service `node1` there is the pattern for every node. Keys that this module does not know are an
error: otherwise only `docker compose` would honour them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker
import yaml
from docker.types import EndpointConfig, NetworkingConfig, Ulimit

from golden.errors import UserError
from golden.paths import ROOT, shown

COMPOSE = ROOT / "compose" / "compose.yaml"
PATTERN = "node1"
LAN = "lan"
_VALUE = re.compile(r"\$\{(\w+)\}")
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_AS_IT_IS = ("image", "hostname", "labels", "tty", "stdin_open", "environment", "stop_signal")
# Said by the caller, or without a meaning to the SDK.
_OTHERWISE = {"networks", "pull_policy", "stop_grace_period"}


def pattern(values: Mapping[str, str], file: Path = COMPOSE) -> dict[str, Any]:
    """The service `node1` with `values` filled in. Raises UserError for a missing value."""
    document = yaml.safe_load(file.read_text())
    filled: dict[str, Any] = _filled(document["services"][PATTERN], values, file)
    return filled


def arguments(
    client: docker.DockerClient,
    service: Mapping[str, Any],
    *,
    network: str,
    volumes: Mapping[str, str],
) -> dict[str, Any]:
    """The arguments of `client.api.create_container` for the container of `service`.

    `network` and `volumes` are the engine's names for those in the file. Raises UserError for a key
    that would be ignored.
    """
    left = {key: value for key, value in service.items() if key not in _OTHERWISE}
    found: dict[str, Any] = {name: left.pop(name) for name in _AS_IT_IS}
    host = {name: left.pop(name) for name in ("init", "cap_add", "security_opt")}
    host["shm_size"] = size(left.pop("shm_size"))
    host["ulimits"] = [
        Ulimit(name=name, soft=int(limit), hard=int(limit))
        for name, limit in left.pop("ulimits").items()
    ]
    host["binds"] = [bind(line, volumes) for line in left.pop("volumes")]
    if left:
        raise UserError(f"{shown(COMPOSE)}: the tool does not know {', '.join(sorted(left))}")
    address = service["networks"][LAN]["ipv4_address"]
    # The stubs want an endpoint, the SDK a mapping of networks to endpoints.
    endpoints: Any = {network: EndpointConfig(client.api.api_version, ipv4_address=address)}
    return found | {
        "host_config": client.api.create_host_config(**host, network_mode=network),
        "networking_config": NetworkingConfig(endpoints),
    }


def bind(line: str, volumes: Mapping[str, str]) -> str:
    """A line of `volumes` as the engine expects it: with an absolute path or a full name."""
    source, _, rest = line.partition(":")
    if source in volumes:
        return f"{volumes[source]}:{rest}"
    return f"{(COMPOSE.parent / source).resolve()}:{rest}"


def check_folder(folder: Path) -> None:
    """Raise UserError for a folder that the engine would split in a bind: one with a colon."""
    for path in (COMPOSE.parent, folder):
        if ":" in str(path):
            raise UserError(
                f"{path}: the Docker engine takes no folder with a colon in its path; move this "
                "checkout, or set GOLDEN_HOME to another folder"
            )


def size(text: str) -> int:
    """A size such as 256m, in bytes."""
    return int(text[:-1]) * _UNITS[text[-1].lower()]


def seconds(text: str) -> int:
    """A duration such as 30s, in seconds."""
    return int(text.removesuffix("s"))


def _filled(value: Any, values: Mapping[str, str], file: Path) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, values, file) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values, file) for item in value]
    if not isinstance(value, str):
        return value

    def known(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            raise UserError(
                f"{shown(file)}: there is no value {name}; there are {', '.join(sorted(values))}"
            )
        return values[name]

    return _VALUE.sub(known, value)

"""The target container: each node a container of a Docker engine on this host.

Read in this order: `target` (a node's life), `options` (compose/compose.yaml), `images` (baked
layers in the engine), `network`, `absent` (what a container lacks), `console`, `engine`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden.boot.target import Declaration, Target

if TYPE_CHECKING:
    from golden.definition.models import Site
    from golden.host import Finding, Host


def _load() -> type[Target]:
    from golden.boot.container.target import Container

    return Container


def _examine(host: Host, _: Site) -> list[Finding]:
    from golden.boot.container.examine import docker

    return [docker(host)]


def told(site: str) -> dict[str, bytes]:
    """{container: what the engine tells of it and its image to who asks}; none without engine."""
    from golden.boot.container.target import told

    return told(site)


def _interfaces(site: str) -> list[str]:
    from golden.boot.container.target import bridge

    return [bridge(site)]


DECLARED = Declaration(_load, examine=_examine, interfaces=_interfaces)

"""The container of a node that an upgrade has set aside: it waits, shut down, under another name,
and keeps its image from being removed."""

from __future__ import annotations

import docker
from docker.models.containers import Container

from golden.boot import former
from golden.boot.container import names
from golden.rundir import NodeDir

# Folders of a node's that its container mounts.
MOUNTED = ("seed", "etc")


def put(client: docker.DockerClient, site: str, node: str) -> None:
    """Set the node's container aside, if it was not yet."""
    found = _containers(client, site, node)
    if names.container(site, node) in found:
        found[names.container(site, node)].rename(_former(site, node))
    former.put(NodeDir(site, node), MOUNTED)


def take(client: docker.DockerClient, site: str, node: str) -> None:
    """Have it back in place of a newer one, if there is one that was set aside."""
    found = _containers(client, site, node)
    if _former(site, node) in found:
        if newer := found.get(names.container(site, node)):
            newer.remove(force=True, v=True)
        found[_former(site, node)].rename(names.container(site, node))
    former.take(NodeDir(site, node))


def forget(client: docker.DockerClient, site: str, node: str) -> None:
    """Throw it away."""
    if container := _containers(client, site, node).get(_former(site, node)):
        container.remove(force=True, v=True)


def _containers(client: docker.DockerClient, site: str, node: str) -> dict[str, Container]:
    found = client.containers.list(all=True, filters=names.filters(site, node))
    return {str(each.name): each for each in found}


def _former(site: str, node: str) -> str:
    return f"{names.container(site, node)}.former"

"""Sound documents as the models of `models`.

A model has the fields of its file that need no resolving, and those that are resolved here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from golden import paths
from golden.definition.construct import construct
from golden.definition.content import TEMPLATE, Content
from golden.definition.document import Document
from golden.definition.fields import mib
from golden.definition.files import Directory, KindFile, Ownership, RoleFile, SiteFile
from golden.definition.models import Bridge, File, Kind, Node, Release, Role, Site


def resolve(
    site: Document,
    releases: Mapping[str, Document],
    kinds: Mapping[str, Document],
    roles: Mapping[str, Content],
) -> Site:
    """The site, from documents without problems; what it names is given by name."""
    written = construct(SiteFile, site.data)
    all_roles = {name: _role(content) for name, content in roles.items()}
    all_kinds = {name: _kind(document, all_roles) for name, document in kinds.items()}
    resolved = {
        "release": _release(written, releases[written.release]),
        "bridges": _bridges(written),
        "nodes": _nodes(written, all_kinds),
        "kinds": tuple(all_kinds.values()),
    }
    return Site(**_common(written, Site) | resolved)


def _common(written: Any, model: type) -> dict[str, Any]:
    """The fields of `model` as they are `written`."""
    names = [field.name for field in dataclasses.fields(model)]
    return {name: getattr(written, name) for name in names if hasattr(written, name)}


def _release(site: SiteFile, document: Document) -> Release:
    release = construct(Release, document.data)
    release = dataclasses.replace(
        release,
        facts={**release.facts, **site.facts},
        packages={**release.packages, **site.names},
    )
    if site.standins is not None:
        release = dataclasses.replace(release, standins=site.standins, owner=site.name)
    return release if site.packages is None else with_packages(release, site.name, site.packages)


def with_packages(release: Release, site: str, folder: str) -> Release:
    """`release` as `site` uses it with the packages of `folder`, a path in the checkout or not."""
    return dataclasses.replace(release, folder=paths.ROOT / folder, owner=site)


def _bridges(site: SiteFile) -> tuple[Bridge, ...]:
    interface = site.network.interface
    return tuple(
        Bridge(name=each.name, port=each.port or f"{interface}.{each.vlan}", vlan=each.vlan)
        for each in site.bridges
    )


def _nodes(site: SiteFile, kinds: Mapping[str, Kind]) -> tuple[Node, ...]:
    return tuple(
        Node(
            **_common(node, Node) | {"fqdn": f"{node.name}.{site.domain}", "kind": kinds[node.kind]}
        )
        for node in site.nodes
    )


def _kind(document: Document, roles: Mapping[str, Role]) -> Kind:
    written = construct(KindFile, document.data)
    resolved = {
        "roles": tuple(roles[name] for name in written.roles),
        "image_size_mib": mib(written.image.size),
        "memory_mib": written.memory,
        "data_disk_mib": mib(written.data_disk),
    }
    return Kind(**_common(written, Kind) | resolved)


def _role(content: Content) -> Role:
    directories = content.directories.items()
    resolved = {
        "files": {path: _file(path, content) for path in sorted(content.sources)},
        "directories": {path: construct(Directory, data) for path, (_, data) in directories},
        "source": content.document.file,
    }
    return Role(**_common(construct(RoleFile, content.document.data), Role) | resolved)


def _file(path: str, content: Content) -> File:
    source = content.sources[path]
    _, data = content.owned.get(path, ((), {}))
    owned = construct(Ownership, data)
    return File(
        path=path,
        mode=owned.mode or _default_mode(source),
        owner=owned.owner,
        group=owned.group,
        source=source,
        template=source.suffix == TEMPLATE,
    )


def _default_mode(source: Path) -> str:
    return "0755" if source.stat().st_mode & 0o100 else "0644"

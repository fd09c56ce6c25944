"""Sound documents as the models of `models`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

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
    return Site(
        name=written.name,
        release=construct(Release, releases[written.release].data),
        domain=written.domain,
        network=written.network,
        bridges=_bridges(written),
        cluster=written.cluster,
        volume_group=written.volume_group,
        nodes=_nodes(written, all_kinds),
        variables=written.variables,
        kinds=tuple(all_kinds.values()),
        libvirt=written.libvirt,
        like=written.like,
    )


def _bridges(site: SiteFile) -> tuple[Bridge, ...]:
    return tuple(
        Bridge(
            name=bridge.name,
            port=bridge.port or f"{site.network.interface}.{bridge.vlan}",
            vlan=bridge.vlan,
        )
        for bridge in site.bridges
    )


def _nodes(site: SiteFile, kinds: Mapping[str, Kind]) -> tuple[Node, ...]:
    return tuple(
        Node(
            name=node.name,
            fqdn=f"{node.name}.{site.domain}",
            kind=kinds[node.kind],
            address=node.address,
            mac=node.mac,
            disk=node.disk,
        )
        for node in site.nodes
    )


def _kind(document: Document, roles: Mapping[str, Role]) -> Kind:
    written = construct(KindFile, document.data)
    return Kind(
        name=written.name,
        summary=written.summary,
        roles=tuple(roles[name] for name in written.roles),
        image_size_mib=mib(written.image.size),
        memory_mib=written.memory,
        data_disk_mib=mib(written.data_disk),
        first_boot=written.first_boot,
    )


def _role(content: Content) -> Role:
    written = construct(RoleFile, content.document.data)
    directories = content.directories.items()
    return Role(
        name=written.name,
        summary=written.summary,
        layer=written.layer,
        packages=written.packages,
        services=written.services,
        ports=written.ports,
        files={path: _file(path, content) for path in sorted(content.sources)},
        directories={path: construct(Directory, data) for path, (_, data) in directories},
        users=written.users,
        bake=written.bake,
        downloads=written.downloads,
        variables=written.variables,
        guide=written.guide,
        source=content.document.file,
    )


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

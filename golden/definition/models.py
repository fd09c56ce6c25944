"""The definition for the rest of the code: frozen, valid, every name resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from golden.definition.fields import Value
from golden.definition.files import (
    Cluster,
    Directory,
    Disk,
    Download,
    Libvirt,
    Network,
    Port,
    ReleaseFile,
    User,
    VolumeGroup,
)
from golden.definition.problems import nearest
from golden.errors import UserError

T = TypeVar("T")

RoleLayer = Literal["platform", "synnefo"]
# The layers that packages and bake scripts go to, in the order in which they are baked.
Layer = Literal["base", "platform", "synnefo"]
LAYERS: tuple[Layer, ...] = ("base", "platform", "synnefo")


@dataclass(frozen=True, kw_only=True)
class Release(ReleaseFile):
    """A Debian release as a site uses it, and the names of packages and services in it.

    `folder` has packages of the site's own. With that, or with stand-ins of its own, the site has a
    lock of its own: `owner` is then its name.
    """

    folder: Path | None = None
    owner: str = ""

    @property
    def lock_name(self) -> str:
        """What its lock and its pool are called."""
        return f"{self.name}.{self.owner}" if self.owner else self.name

    def real_packages(self, logical: str) -> tuple[str, ...]:
        """The packages for a role's `logical` package; empty if this release needs none."""
        return self.packages.get(logical, (logical,))

    @property
    def own_kernel(self) -> tuple[str, ...]:
        """The package of the image's kernel; none where that comes from outside the image."""
        return () if self.kernel == "external" else (self.kernel,)

    def scripts(self, services: Iterable[str]) -> dict[str, str]:
        """{logical: init script} of a role's logical `services`; not of those it has none of."""
        found = {logical: self.services.get(logical, logical) for logical in services}
        return {logical: script for logical, script in found.items() if script}


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that a role puts at `path` in the image.

    `source` is the file under images/; with `template` it is rendered, else copied. `mode` is four
    octal digits.
    """

    path: str
    mode: str
    owner: str
    group: str
    source: Path
    template: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Role:
    """What a node does, in the site's release; `packages` and `services` are logical names.

    `files` and `directories` map a path in the image to what is there. `source` is its role.yaml.
    """

    name: str
    summary: str
    layer: RoleLayer
    packages: tuple[str, ...]
    services: tuple[str, ...]
    ports: tuple[Port, ...]
    files: Mapping[str, File]
    directories: Mapping[str, Directory]
    state: tuple[str, ...]
    users: tuple[User, ...]
    bake: tuple[str, ...]
    downloads: tuple[Download, ...]
    variables: Mapping[str, str]
    guide: tuple[str, ...]
    source: Path


@dataclass(frozen=True, eq=False, kw_only=True)
class Kind:
    """A kind of node: what one image is baked from."""

    name: str
    summary: str
    roles: tuple[Role, ...]
    image_size_mib: int
    memory_mib: int
    data_disk_mib: int
    first_boot: tuple[str, ...]

    def packages(self, release: Release, layer: RoleLayer) -> tuple[str, ...]:
        """The real names, sorted, of what the roles of `layer` install."""
        logical = (name for role in self.roles if role.layer == layer for name in role.packages)
        return tuple(sorted({real for name in logical for real in release.real_packages(name)}))

    def services(self, release: Release) -> tuple[str, ...]:
        """The init scripts that first boot starts, in the order of the roles."""
        return _unique(
            script for role in self.roles for script in release.scripts(role.services).values()
        )

    @property
    def ports(self) -> tuple[Port, ...]:
        """What its roles listen on."""
        return tuple(port for role in self.roles for port in role.ports)

    @property
    def state(self) -> tuple[str, ...]:
        """The folders, sorted, that must outlive its system disk."""
        return tuple(sorted({path for role in self.roles for path in role.state}))

    def has(self, role: str) -> bool:
        """Whether a node of this kind carries `role`."""
        return any(carried.name == role for carried in self.roles)


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """A bridge for instances on the interface `port`, which is a VLAN where `vlan` is set."""

    name: str
    port: str
    vlan: int | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Node:
    """One machine of a site. `disk` is the one that the installer writes on metal."""

    name: str
    fqdn: str
    kind: Kind
    address: str
    mac: str
    disk: Disk | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Site:
    """A whole cloud. `kinds` are those that its nodes use, in the order of the nodes.

    rendered/ holds no files of a site that is `like` another one.
    """

    name: str
    release: Release
    domain: str
    network: Network
    bridges: tuple[Bridge, ...]
    cluster: Cluster
    volume_group: VolumeGroup
    nodes: tuple[Node, ...]
    variables: Mapping[str, Value]
    kinds: tuple[Kind, ...]
    libvirt: Libvirt = field(default_factory=Libvirt)
    like: str | None = None

    def node(self, name: str) -> Node:
        """The node called `name`. Raises UserError when the site has none."""
        return _named("node", name, {node.name: node for node in self.nodes}, self.name)

    def kind(self, name: str) -> Kind:
        """The kind called `name`. Raises UserError when no node of the site is of it."""
        return _named("kind", name, {kind.name: kind for kind in self.kinds}, self.name)

    def host_of(self, role: str) -> Node:
        """The first node that carries `role`. Raises UserError when none does."""
        hosts = {carried.name: node for node in reversed(self.nodes) for carried in node.kind.roles}
        return _named("role", role, hosts, self.name)

    @property
    def ports(self) -> tuple[Port, ...]:
        """What its nodes listen on, each port once."""
        return _unique(port for kind in self.kinds for port in kind.ports)

    def shared_roles(self) -> frozenset[str]:
        """The platform roles that every kind carries; the base layer bakes them once for all."""
        of_kinds = [
            {role.name for role in kind.roles if role.layer == "platform"} for kind in self.kinds
        ]
        return frozenset(set.intersection(*of_kinds))

    def packages(self, kind: Kind, layer: Layer) -> tuple[str, ...]:
        """The real names, sorted, that `layer` of a `kind`'s image adds to the layers below it."""
        if layer == "synnefo":
            below = set(kind.packages(self.release, "platform"))
            return tuple(p for p in kind.packages(self.release, layer) if p not in below)
        of_kinds = [set(other.packages(self.release, "platform")) for other in self.kinds]
        shared = set.intersection(*of_kinds)
        chosen = shared if layer == "base" else set(kind.packages(self.release, layer)) - shared
        return tuple(sorted(chosen))

    def bake_scripts(self, kind: Kind, layer: Layer) -> tuple[str, ...]:
        """The files of scripts/bake that `layer` of a `kind`'s image runs, in order.

        A script of a role that every kind carries runs in the base, where its packages are too.
        """
        return _unique(script for role in self._of_layer(kind, layer) for script in role.bake)

    def downloads(self, kind: Kind, layer: Layer) -> dict[str, str]:
        """{name: source} of the files that those scripts need, such as a machine image.

        A source is an URL or a path on the baking host; what has no slash is a word for the script.
        Raises UserError where the site leaves one empty that cannot be done without.
        """
        found = {}
        for role in self._of_layer(kind, layer):
            for each in role.downloads:
                source = each.source.format(**self.variables)
                if not source and not each.optional:
                    raise UserError(
                        f"images/sites/{self.name}.yaml: variables: {each.source.strip('{}')} is "
                        f"empty, and role {role.name} is of no use without {each.name}: name an "
                        "URL, or a file of this host"
                    )
                found[each.name] = source
        return {name: source for name, source in found.items() if source}

    def _of_layer(self, kind: Kind, layer: Layer) -> list[Role]:
        """The roles whose packages and scripts are those of `layer`."""
        shared = self.shared_roles()
        return [r for r in kind.roles if layer == ("base" if r.name in shared else r.layer)]

    def users(self) -> tuple[User, ...]:
        """The system users of all kinds by uid: the base layer, which all share, creates them."""
        users = {user for kind in self.kinds for role in kind.roles for user in role.users}
        return tuple(sorted(users, key=lambda user: user.uid))


def _unique(things: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(things))


def _named(family: str, name: str, things: Mapping[str, T], site: str) -> T:
    if name not in things:
        raise UserError(f"site '{site}' has no {family} '{name}'; {nearest(name, things)}")
    return things[name]

"""What each YAML file under images/ may hold: the one source of schema, validation and models.

The keys are the fields; a field without a default is required. `models` is what the rest of the
code works with, once the names in these files are resolved to the things they name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from golden.definition import fields
from golden.definition.fields import Doc, Key, NotEmpty, Range, Value, VariableType

# ---- images/releases/<release>.yaml


@dataclass(frozen=True, kw_only=True)
class Source:
    """One line of apt's sources."""

    suite: fields.Word
    components: tuple[fields.Name, ...] = ("main",)
    mirror: Annotated[fields.Mirror | None, Doc("where it differs from the release's")] = None


@dataclass(frozen=True, kw_only=True)
class Qcow2:
    """How disks are written as qcow2."""

    compat: Literal["0.10", "1.1"] = "1.1"
    compression: Literal["zlib", "zstd"] = "zstd"


@dataclass(frozen=True, kw_only=True)
class ReleaseFile:
    """A Debian release: everything by which its images differ from those of another release."""

    name: Annotated[fields.Name, Key("release"), Doc("the file's own name")]
    like: Annotated[
        fields.ReleaseName | None,
        Doc(
            "the release whose keys count where this file gives none, and whose files.<release> a"
            " role takes; facts, packages and services are merged"
        ),
    ] = None
    debian: Annotated[int, Range(1, 99), Doc("the major version")]
    suite: fields.Word
    architecture: Literal["amd64"] = "amd64"
    mirror: fields.Mirror
    sources: Annotated[tuple[Source, ...], NotEmpty(), Doc("used while baking")]
    image_sources: Annotated[tuple[Source, ...], Doc("sources.list of the image")] = ()
    synnefo: Annotated[fields.Upstream, Doc("version of Synnefo's packages, which inv bump moves")]
    standins: Annotated[
        tuple[fields.StandIn, ...], Doc("the packages that are played by those of images/standins")
    ] = ()
    keyring: Annotated[fields.Word, Doc("the archive's keys, on the host that bakes")]
    accept_expired_keys: bool = False
    check_valid_until: Annotated[bool, Doc("false for an archived release")] = True
    builder: Annotated[
        Literal["auto", "tree", "machine"], Doc("auto: a machine where its programs do not run")
    ] = "auto"
    kernel: Annotated[fields.Package, Doc("external: none; whoever boots the image brings one")]
    cpu: Annotated[fields.Word, Doc("QEMU's model under KVM; host: this host's own")] = "host"
    python: Annotated[fields.ImagePath, Doc("the interpreter of first boot")]
    qcow2: Qcow2 = field(default_factory=Qcow2)
    packages: Annotated[
        Mapping[fields.Package, tuple[fields.Package, ...]],
        Doc("real names of a logical one, where they differ; [] where it is not needed"),
    ] = field(default_factory=dict)
    services: Annotated[
        Mapping[fields.Service, fields.Service | None],
        Doc("init script of a logical service, where it differs; null where there is none"),
    ] = field(default_factory=dict)
    pins: Annotated[Mapping[fields.Package, fields.Word], Doc("exact versions")] = field(
        default_factory=dict
    )
    lock: Annotated[Literal["strict", "follow"], Doc("follow: what is gone may move")] = "strict"
    facts: Annotated[
        Mapping[fields.Identifier, Value], Doc("templates see release.<name>, file paths {<name>}")
    ] = field(default_factory=dict)


# ---- images/sites/<site>.yaml


@dataclass(frozen=True, kw_only=True)
class Network:
    """The one network all nodes share."""

    subnet: fields.Subnet
    interface: fields.Interface = "eth0"
    gateway: fields.Address | None = None
    dns_upstream: tuple[fields.Address, ...] = ()
    time_servers: tuple[fields.HostName, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """A bridge for instances on `<interface>.<vlan>`, or on `port`."""

    name: fields.Interface
    vlan: fields.Vlan | None = None
    port: fields.Interface | None = None


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The Ganeti cluster's own name and address, which move with the master."""

    name: fields.Domain
    address: fields.Address


@dataclass(frozen=True, kw_only=True)
class VolumeGroup:
    """Where instances' disks live: on `device`, or in the sparse `file` of `size`."""

    name: fields.Name
    device: fields.ImagePath | None = None
    file: fields.ImagePath | None = None
    size: fields.Size | None = None


@dataclass(frozen=True, kw_only=True)
class Disk:
    """The disk of a real machine that the installer writes: exactly one by serial, wwn or size."""

    serial: fields.DiskSerial | None = None
    wwn: fields.Wwn | None = None
    size: fields.SizeRange | None = None
    root: Annotated[fields.Size | None, Doc("of the root partition; the rest is the third")] = None
    state: Annotated[fields.Size | None, Doc("of the partition of what outlives the system")] = None


@dataclass(frozen=True, kw_only=True)
class Libvirt:
    """What the target libvirt needs to know of the site."""

    pool: Annotated[fields.Name, Doc("the storage pool for the nodes' disks")] = "default"
    host_address: Annotated[fields.Address | None, Doc("on the LAN, of libvirt's machine")] = None


@dataclass(frozen=True, kw_only=True)
class SiteNode:
    """One machine of the site."""

    name: fields.HostLabel
    kind: fields.KindName
    address: fields.Address
    mac: fields.Mac
    disk: Annotated[Disk | None, Doc("only nodes on metal need it")] = None


@dataclass(frozen=True, kw_only=True)
class SiteFile:
    """A cloud: its names, addresses and nodes."""

    name: Annotated[fields.Name, Key("site"), Doc("the file's own name")]
    like: Annotated[
        fields.SiteName | None,
        Doc("its keys count where this file has none, variables are merged; not in rendered/"),
    ] = None
    release: fields.ReleaseName
    standins: Annotated[tuple[fields.StandIn, ...] | None, Doc("in place of the release's")] = None
    facts: Annotated[Mapping[fields.Identifier, Value], Doc("in place of those of the release")] = (
        field(default_factory=dict)
    )
    names: Annotated[
        Mapping[fields.Package, tuple[fields.Package, ...]],
        Doc("real names of a logical package, in place of those of the release"),
    ] = field(default_factory=dict)
    packages: Annotated[
        fields.Text | None,
        Doc("a folder of .debs on the baking host, which go before those of the release's sources"),
    ] = None
    domain: fields.Domain
    network: Network
    bridges: tuple[Bridge, ...] = ()
    cluster: Cluster
    volume_group: VolumeGroup
    nodes: Annotated[tuple[SiteNode, ...], NotEmpty()]
    libvirt: Libvirt = field(default_factory=Libvirt)
    variables: Annotated[Mapping[fields.Identifier, Value], Doc("what its roles ask for")] = field(
        default_factory=dict
    )


# ---- images/kinds/<kind>.yaml


@dataclass(frozen=True, kw_only=True)
class Image:
    """The disk image."""

    size: fields.Size


@dataclass(frozen=True, kw_only=True)
class KindFile:
    """A kind of node; one image is baked for each."""

    name: Annotated[fields.Name, Key("kind"), Doc("the file's own name")]
    summary: fields.Text
    roles: Annotated[
        tuple[fields.RoleName, ...], NotEmpty(), Doc("in the order in which they are baked")
    ]
    image: Image
    memory: Annotated[fields.MemoryMib, Doc("MiB that a virtual machine of this kind gets")]
    data_disk: Annotated[fields.Size, Doc("second disk of a virtual machine of this kind")]
    first_boot: Annotated[tuple[fields.StepName, ...], Doc("in the order in which they run")]


# ---- images/roles/<role>/role.yaml


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port that something of this role listens on."""

    port: fields.PortNumber
    last: Annotated[fields.PortNumber | None, Doc("of a range that is used now and then")] = None
    protocol: Literal["tcp", "udp"] = "tcp"
    listen: Literal["any", "loopback", "site"] = "any"
    open_to: Annotated[
        fields.Visitor, Doc("nodes of the site, its subnet, all but virtual machines, or all")
    ] = "nodes"


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """Mode and owner of a file."""

    mode: fields.Mode | None = None
    owner: fields.Account = "root"
    group: fields.Account = "root"


@dataclass(frozen=True, kw_only=True)
class Directory(Ownership):
    """Mode and owner of a directory."""

    mode: fields.Mode = "0755"


@dataclass(frozen=True, kw_only=True)
class User:
    """A system user and its group, made before any package is installed."""

    name: fields.Account
    uid: fields.AccountId
    group: fields.Account
    gid: fields.AccountId


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that a bake needs and no package brings; see Site.downloads."""

    name: fields.FileName
    source: Annotated[fields.Origin, Doc("URL or path, with the site's {variables}")]
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class RoleFile:
    """What a node does: packages, files and services that belong together."""

    name: Annotated[fields.Name, Key("role"), Doc("the folder's own name")]
    summary: fields.Text
    layer: Literal["platform", "synnefo"] = "platform"
    packages: Annotated[
        tuple[fields.Package, ...], Doc("logical; without what they recommend")
    ] = ()
    services: Annotated[tuple[fields.Service, ...], Doc("logical; first boot starts them")] = ()
    ports: tuple[Port, ...] = ()
    files: Annotated[
        Mapping[fields.ImagePath, Ownership], Doc("where not root:root and 0644, programs 0755")
    ] = field(default_factory=dict)
    directories: Mapping[fields.ImagePath, Directory] = field(default_factory=dict)
    state: Annotated[tuple[fields.StatePath, ...], Doc("must outlive the system disk")] = ()
    users: tuple[User, ...] = ()
    bake: Annotated[tuple[fields.BakeScript, ...], Doc("run after this layer's packages")] = ()
    downloads: Annotated[tuple[Download, ...], Doc("files that its scripts need")] = ()
    variables: Annotated[
        Mapping[fields.Identifier, VariableType], Doc("of the site, and what each holds")
    ] = field(default_factory=dict)
    patterns: Annotated[
        Mapping[fields.Identifier, fields.Text], Doc("expressions that such variables must match")
    ] = field(default_factory=dict)
    bridges: Annotated[
        int, Range(0, 8), Doc("how many of the site's bridges it uses, from the first")
    ] = 0
    guide: Annotated[tuple[fields.GuideId, ...], Doc("what it does of the guide")] = ()

"""Each finding both ways: the host as it should be, and with that one thing taken away."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path

import pytest

from golden.boot.container.examine import docker
from golden.boot.libvirt.examine import libvirt
from golden.doctor import archive
from golden.errors import UserError
from golden.host import Finding, Host, kernel, network, programs, resources
from tests.unit.doctor.conftest import MAPS, TEXTS, VIRSH, healthy

SUBNET = ipaddress.IPv4Network("198.51.100.0/24")
MIRROR = "http://mirror.invalid/debian"
Look = Callable[[Host], Finding]


def named(name: str, findings: list[Finding]) -> Finding:
    return next(one for one in findings if one.name == name)


def texts(**changes: str) -> Callable[[Path], str]:
    changed = {**TEXTS, **{f"/{key.replace('__', '/')}": text for key, text in changes.items()}}
    return lambda path: changed.get(str(path), "")


def silent(program: str) -> Callable[..., str | None]:
    return lambda *argv: None if argv[0] == program else ""


def without(program: str) -> Callable[[str], Path | None]:
    return lambda name: None if name == program else Path("/usr/bin") / name


def virtual(host: Host) -> list[Finding]:
    return libvirt(host, "default", nodes=2)


CASES: dict[str, tuple[Look, dict[str, object], str]] = {
    "command": (
        lambda host: named("packer", programs.programs(host)),
        {"which": without("packer")},
        "apt-get install --yes --no-install-recommends packer",
    ),
    "file": (
        lambda host: named("grub-pc-bin", programs.programs(host)),
        {"exists": lambda path: path.name != "boot.img"},
        "apt-get install --yes --no-install-recommends grub-pc-bin",
    ),
    "python": (programs.python, {"python": (3, 9)}, "apt-get install"),
    "venv": (programs.venv, {"exists": lambda path: False}, "./inv --list"),
    "packer is too old": (
        programs.packer_version,
        {"says": lambda *argv: "Packer v1.5.9"},
        "apt-get install",
    ),
    "packer says nothing": (programs.packer_version, {"says": lambda *argv: None}, "packer"),
    "namespaces of a user": (
        lambda host: named("namespaces", kernel.namespaces(host)),
        {"says": silent("unshare")},
        "sudo sysctl -w kernel.unprivileged_userns_clone=1",
    ),
    "newuidmap": (
        lambda host: named("newuidmap", kernel.namespaces(host)),
        {"which": without("newuidmap")},
        "apt-get install --yes --no-install-recommends uidmap",
    ),
    "subuid": (
        lambda host: named("subuid", kernel.namespaces(host)),
        {"text": texts(etc__subuid="builder:100000:1000\nother:1:65536\n")},
        "sudo usermod --add-subuids 100000-165535 builder",
    ),
    "subgid": (
        lambda host: named("subgid", kernel.namespaces(host)),
        {"text": texts(etc__subgid="")},
        "sudo usermod --add-subgids 100000-165535 builder",
    ),
    "vsyscall": (
        kernel.vsyscall,
        {"text": texts(proc__self__maps="")},
        "vsyscall=xonly",
    ),
    "disk": (resources.disk, {"free": lambda path: 1024**3}, "GOLDEN_HOME="),
    "memory": (
        lambda host: resources.memory(host, 4608, 2),
        {"text": texts(proc__meminfo="MemAvailable: 3000000 kB\n")},
        "swapon",
    ),
    "mirror": (
        lambda host: archive.mirrors(host, [(MIRROR, "bookworm")], "release.yaml"),
        {"http_status": lambda url: 404},
        "release.yaml",
    ),
    "subnet and routes": (
        lambda host: network.subnet_and_routes(host, SUBNET, "site.yaml"),
        {"text": texts(proc__net__route="head\nbr0 006433C6 00000000 1 0 0 0 00FFFFFF 0 0 0\n")},
        "site.yaml",
    ),
    "subnet and mirrors": (
        lambda host: network.subnet_and_mirrors(host, SUBNET, [MIRROR], "site.yaml"),
        {"addresses": lambda name: ("2001:db8::1", "198.51.100.7")},
        "site.yaml",
    ),
    "docker is missing": (
        docker,
        {"which": without("dockerd"), "says": silent("docker")},
        "apt-get install --yes --no-install-recommends docker.io",
    ),
    "docker sleeps": (docker, {"says": silent("docker")}, "service docker start"),
    "docker sleeps where nothing manages services": (
        docker,
        {"says": silent("docker"), "exists": lambda path: False},
        "scripts/host/dockerd start .cache/dockerd",
    ),
    "dnsmasq is missing": (
        lambda host: named("dnsmasq", programs.programs(host, "metal")),
        {"which": without("dnsmasq")},
        "apt-get install --yes --no-install-recommends dnsmasq-base",
    ),
    "ipxe is missing": (
        lambda host: named("ipxe", programs.programs(host, "metal")),
        {"exists": lambda path: False},
        "apt-get install --yes --no-install-recommends ipxe",
    ),
    "libvirt is missing": (
        lambda host: virtual(host)[0],
        {"which": without("virsh")},
        "libvirt-daemon-system libvirt-clients",
    ),
    "libvirt sleeps": (
        lambda host: virtual(host)[0],
        {"says": silent("virsh")},
        "service libvirtd start",
    ),
    "libvirt sleeps where nothing manages services": (
        lambda host: virtual(host)[0],
        {"says": silent("virsh"), "exists": lambda path: False},
        "scripts/host/libvirtd start .cache/libvirtd",
    ),
    "libvirt has no machine": (
        lambda host: virtual(host)[1],
        {"says": lambda *words: None if "domcapabilities" in words else VIRSH},
        "qemu-system-x86",
    ),
    "libvirt has no pool": (
        lambda host: virtual(host)[2],
        {"says": lambda *words: None if "pool-info" in words else VIRSH},
        "virsh pool-define-as default dir",
    ),
    "libvirt's pool is full": (
        lambda host: virtual(host)[2],
        {"says": lambda *words: VIRSH.replace("99999999999", "99999999")},
        "virsh vol-list default",
    ),
}


@pytest.mark.parametrize(("look", "change", "fix"), CASES.values(), ids=CASES)
def test_finding_both_ways(look: Look, change: dict[str, object], fix: str) -> None:
    good = look(healthy())
    assert good.ok and good.fix == ""
    bad = look(healthy(**change))
    assert not bad.ok
    assert fix in bad.fix
    assert bad.detail != good.detail


def test_root_needs_no_subordinate_ids() -> None:
    assert [one.name for one in kernel.namespaces(healthy(uid=0))] == ["namespaces"]


def test_root_in_an_ordinary_container_cannot_bake() -> None:
    found = kernel.namespaces(healthy(uid=0, says=silent("unshare")))
    assert [one.ok for one in found] == [False]
    assert "root cannot make them" in found[0].detail


@pytest.mark.parametrize(
    ("maps", "mode"),
    [("", "none"), (MAPS, "xonly"), (MAPS.replace("--xp", "r-xp"), "emulate")],
)
def test_vsyscall_mode_comes_from_the_maps(maps: str, mode: str) -> None:
    found = kernel.vsyscall(healthy(text=texts(proc__self__maps=maps)))
    assert found.detail.startswith(mode)
    assert (found.ok, found.needed) == (mode != "none", False), "a bake goes on without it"


@pytest.mark.parametrize(
    ("said", "ok"), [("kvm (a guest ran)", True), ("tcg (a guest hung on kvm)", False)]
)
def test_accelerator_is_what_a_guest_ran_on(said: str, ok: bool) -> None:
    found = kernel.accelerator(lambda: said)
    assert (found.ok, found.needed) == (ok, False)
    assert found.detail.startswith(said)


def test_without_qemu_there_is_no_accelerator() -> None:
    def probe() -> str:
        raise UserError("qemu-system-x86_64 is not installed")

    found = kernel.accelerator(probe)
    assert not found.ok
    assert "qemu-system-x86" in found.fix


def test_routes_are_read_without_the_default_one() -> None:
    assert network.routes(healthy()) == [("eth0", ipaddress.IPv4Network("10.1.2.0/24"))]


def test_a_mirror_in_a_folder_needs_no_network() -> None:
    def never(url: str) -> int:
        raise AssertionError(url)

    assert archive.mirrors(healthy(http_status=never), [("file:/srv/pool", "wheezy")], "x").ok


def test_memory_for_a_bake_is_a_must_for_a_boot_a_may() -> None:
    enough_to_bake = healthy(text=texts(proc__meminfo="MemAvailable: 2000000 kB\n"))
    assert not resources.memory(enough_to_bake, 4608, 2).needed
    too_little = healthy(text=texts(proc__meminfo="MemAvailable: 1000000 kB\n"))
    assert resources.memory(too_little, 4608, 2).needed


def test_what_serves_one_target_or_tests_is_nice_to_have() -> None:
    found = programs.programs(healthy(which=lambda name: None))
    needed = {one.package for one in found if one.needed}
    assert {"packer", "qemu-system-x86"} <= needed
    assert needed.isdisjoint(("chromium", "docker.io", "libvirt-clients", "ipxe", "apache2"))


def test_the_project_s_own_docker_engine_is_asked_first() -> None:
    asked: list[tuple[str, ...]] = []

    def says(*argv: str) -> str:
        asked.append(argv)
        return "20.10.24"

    assert docker(healthy(says=says)).ok
    assert asked[0][:3] == ("docker", "--host", "unix:///home/builder/.cache/dockerd/docker.sock")
    assert docker(healthy(says=says, exists=lambda path: False)).ok
    assert asked[1][:2] == ("docker", "version")


def test_a_route_to_our_own_containers_is_no_clash() -> None:
    line = "head\nbr-0123456789ab 006433C6 00000000 1 0 0 0 00FFFFFF 0 0 0\n"
    host = healthy(text=texts(proc__net__route=line))
    assert not network.subnet_and_routes(host, SUBNET, "site.yaml").ok
    assert network.subnet_and_routes(host, SUBNET, "site.yaml", ["br-0123456789ab"]).ok

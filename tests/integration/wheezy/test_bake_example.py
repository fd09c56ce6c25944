"""`inv bake --site example` from end to end, without Wheezy: its names, this host's programs.

Proves: the expired archive, Packer, every script of scripts/bake in order, pinned versions, dpkg's
order of work (each tiny package refuses to be configured before its dependencies),
rendered files with their owners, disabled services, hygiene.
Does not prove: that Wheezy's own programs do the same (dpkg 1.16, dash 0.5.7, maintainer scripts),
nor anything about booting: the kernel and the daemons are empty files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from golden import run
from golden.definition import load
from golden.render import render
from tests.integration.wheezy.checkout import Checkout, make, whole
from tests.integration.wheezy.host_programs import by_package
from tests.unit.wheezy.archive import build
from tests.unit.wheezy.packages import catalogue, put_theirs

pytestmark = pytest.mark.slow
KINDS = ("node1", "node2")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The site, baked."""
    place = tmp_path_factory.mktemp("example")
    debs = catalogue()
    carried = by_package(deb.name for deb in debs)
    filled = [replace(deb, files={**carried.get(deb.name, {}), **deb.files}) for deb in debs]
    archive = build(place / "archive", filled)
    put_theirs(place / "debs", filled, load("example").release.pins)
    checkout = make(place / "checkout", archive, place / "debs")
    for fmt in ("qcow2", "tree"):
        result = checkout.inv("bake", "--site", "example", "--format", fmt)
        logs = checkout.root.glob(".cache/log/bake/example/*.log")
        assert result.code == 0, result.out + "".join(log.read_text()[-3000:] for log in logs)
    return checkout


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def image(checkout: Checkout, kind: str) -> Mapping[str, Path]:
    return whole(checkout.layers(kind))


def test_each_kind_has_a_disk(checkout: Checkout, kind: str) -> None:
    disk = checkout.root / ".artifacts/example" / kind / "disk.qcow2"
    info = json.loads(run.run(["qemu-img", "info", "--output=json", disk]).out)
    assert info["format-specific"]["data"]["compat"] == "0.10"
    assert info["virtual-size"] == 6 << 30


def test_every_package_is_installed_in_its_pinned_version(image: Mapping[str, Path]) -> None:
    paragraphs = image["/var/lib/dpkg/status"].read_text().split("Package: ")[1:]
    installed = {text.partition("\n")[0]: text for text in paragraphs}
    assert all("\nStatus: install ok installed\n" in text for text in installed.values())
    pins = load("example").release.pins
    there = pins.keys() & installed.keys()
    assert len(there) >= 15
    assert [n for n in there if f"\nVersion: {pins[n]}\n" not in installed[n]] == []


def test_the_manifest_says_what_came_from_the_folder(checkout: Checkout, kind: str) -> None:
    record = checkout.root / ".artifacts/example" / kind / "manifest.json"
    manifest = json.loads(record.read_text())
    assert manifest["origins"]["snf-common"] == "packages/"
    assert set(manifest["origins"].values()) == {"packages/"}
    assert manifest["origins"].keys() < manifest["packages"].keys()


def test_the_manifest_lists_what_dpkg_has(
    checkout: Checkout, image: Mapping[str, Path], kind: str
) -> None:
    manifest = checkout.root / ".artifacts/example" / kind / "manifest.json"
    paragraphs = image["/var/lib/dpkg/status"].read_text().split("Package: ")[1:]
    installed = {text.partition("\n")[0] for text in paragraphs}
    assert installed == json.loads(manifest.read_text())["packages"].keys()


def test_packages_were_configured_after_what_they_need(image: Mapping[str, Path]) -> None:
    order = [line.split()[0] for line in image["/usr/lib/install-order"].read_text().splitlines()]
    for first, then in (
        ("adduser", "openssh-server"),
        ("snf-common", "snf-webproject"),
        ("snf-ganeti", "ganeti2"),
        ("linux-image-3.2.0-6-amd64", "linux-image-amd64"),
        ("python-nfqueue", "nfdhcpd"),
    ):
        assert order.index(first) < order.index(then)


def test_every_rendered_file_is_in_its_place(image: Mapping[str, Path], kind: str) -> None:
    rendered = render(load("example")).kinds[kind].files
    names = names_of(image["/etc/passwd"]), names_of(image["/etc/group"])
    for path, file in rendered.items():
        found = image[path]
        status = found.lstat()
        assert found.read_bytes() == file.content, path
        assert f"{status.st_mode & 0o7777:04o}" == file.mode, path
        assert (status.st_uid, status.st_gid) == (names[0][file.owner], names[1][file.group]), path


def names_of(path: Path) -> dict[str, int]:
    return {f[0]: int(f[2]) for f in (line.split(":") for line in path.read_text().splitlines())}


def test_the_fixed_accounts_have_their_numbers(image: Mapping[str, Path]) -> None:
    for path in ("/etc/passwd", "/etc/group"):
        numbers = names_of(image[path])
        assert (numbers["synnefo"], numbers["archipelago"]) == (200, 300)


def test_services_are_disabled_and_first_boot_is_enabled(
    image: Mapping[str, Path], kind: str
) -> None:
    calls = [
        line.split(" ", 1) for line in image["/usr/lib/update-rc.d.calls"].read_text().splitlines()
    ]
    last = dict(calls)
    site = load("example")
    services = next(each for each in site.kinds if each.name == kind).services(site.release)
    assert {name: last[name] for name in services} == dict.fromkeys(services, "disable")
    assert last["firstboot"] == "defaults" and last["drbd"] == "disable"


def test_the_layers_scripts_left_what_they_should(image: Mapping[str, Path], kind: str) -> None:
    modules = image["/boot/initrd.img-3.2.0-6-amd64"].read_text()
    assert "virtio_scsi" in modules
    assert "/lib/modules/3.2.0-6-amd64/updates/dkms/blktap.ko" in image
    sites = {Path(path).name for path in image if path.startswith("/etc/apache2/sites-enabled/")}
    assert sites == {"synnefo", "synnefo-ssl"}
    keyring = image["/etc/apt/trusted.gpg.d/image-sources.gpg"].read_bytes()
    assert len(keyring) > 300
    if kind == "node1":
        for name in ("snf_apps", "snf_pithos"):
            assert image[f"/usr/lib/golden/schema/{name}.sql"].read_text() == "-- tables\n"
        calls = image["/usr/lib/snf-manage.calls"].read_text()
        assert calls.index("syncdb") < calls.index("migrate") < calls.index("loaddata flavors")


GONE = (
    "/etc/ssh/ssh_host_rsa_key",
    "/etc/ssl/private/ssl-cert-snakeoil.key",
    "/etc/udev/rules.d/70-persistent-net.rules",
    "/var/lib/dbus/machine-id",
    "/var/lib/urandom/random-seed",
    "/var/lib/ganeti/config.data",
    "/var/lib/rabbitmq/.erlang.cookie",
    "/var/lib/postgresql/9.1/main/PG_VERSION",
    "/var/log/syslog",
    "/usr/sbin/policy-rc.d",
    "/etc/dpkg/dpkg.cfg.d/zz-bake",
    "/etc/hostname",
    "/etc/passwd-",
    "/etc/shadow-",
    "/usr/sbin/update-initramfs.real",
)


def test_no_identity_and_no_trace_of_the_bake_is_left(image: Mapping[str, Path]) -> None:
    assert [path for path in GONE if path in image] == []
    assert image["/etc/machine-id"].read_bytes() == b""
    assert "LOCAL" not in image["/var/lib/dpkg/diversions"].read_text()
    below = ("/var/lib/apt/lists/", "/var/cache/apt/archives/", "/tmp/", "/run/bake")
    assert [path for path in image if path.startswith(below)] == []
    shadow = dict(line.split(":")[:2] for line in image["/etc/shadow"].read_text().splitlines())
    assert shadow["root"].startswith(("!", "*"))


def test_the_record_in_the_image_names_its_layers(image: Mapping[str, Path], kind: str) -> None:
    record = json.loads(image["/etc/golden/release.json"].read_text())
    assert record["site"] == "example" and list(record["layers"])[-1] == f"{kind}.site"


def test_a_second_bake_has_nothing_to_do(checkout: Checkout) -> None:
    result = checkout.inv("bake", "--site", "example", "--format", "tree")
    assert result.code == 0
    assert result.out.count("nothing to do") == len(KINDS)

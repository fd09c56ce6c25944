"""Disks: the volume group of each Ganeti node, DRBD, and the shared folder."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from testinfra.host import Host

from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.eventually import eventually
from tests.checks.subjects import SITE, each_node, hosts

# Ganeti refuses smaller ones: constants.MIN_VG_SIZE.
VOLUME_GROUP_MIB = 20480
SHARED = "/srv/archip"
IMAGES_MIB = 50 * 1024


@pytest.mark.guide("G156")
@each_node(role="ganeti-node")
def test_volume_group_is_big_enough(facts: Facts, node: Node) -> None:
    if reason := facts.lacks("lvm"):
        pytest.skip(reason)
    groups = facts.system["storage"]["volume_groups"]
    assert SITE.volume_group.name in groups, f"volume groups: {groups}"
    assert groups[SITE.volume_group.name] >= VOLUME_GROUP_MIB


@each_node(role="ganeti-common")
def test_drbd_calls_no_helper(facts: Facts, node: Node) -> None:
    if reason := facts.lacks("drbd"):
        pytest.skip(reason)
    assert facts.system["drbd_helper"] == "/bin/true"


@pytest.mark.guide("G006")
@each_node(role="nfs-server")
def test_shared_folder_holds_several_images(facts: Facts, node: Node) -> None:
    if reason := facts.lacks("nfsd"):
        # The folder is on the disk of the containers' host, which may be full of other things.
        pytest.skip(reason)
    storage = facts.system["storage"]
    if storage["total_mib"][SHARED] < IMAGES_MIB:
        size = storage["total_mib"][SHARED] // 1024
        pytest.skip(f"{SHARED} of {node.name} has {size} GiB in all: not meant for many images")
    assert storage["free_mib"][SHARED] >= IMAGES_MIB


@each_node(role="nfs-client")
def test_shared_folder_is_mounted_from_the_server(facts: Facts, node: Node) -> None:
    if reason := facts.lacks("nfsd"):
        pytest.skip(reason)
    server = hosts("nfs-server")[0]
    mounts = {place: (device, kind) for device, place, kind, _ in facts.system["storage"]["mounts"]}
    device, kind = mounts.get(SHARED, ("nothing", ""))
    assert kind.startswith("nfs"), f"{device} is on {SHARED}"
    assert device.partition(":")[0] in (server.fqdn, server.name, str(server.address))


@each_node(role="nfs-client")
def test_shared_folder_is_a_mount(facts: Facts, node: Node) -> None:
    # A volume of the engine's where there is no NFS; without either each node writes for itself.
    assert SHARED in [place for _, place, _, _ in facts.system["storage"]["mounts"]]


@each_node()
def test_all_of_fstab_is_mounted(facts: Facts, node: Node) -> None:
    # What cannot be mounted stops the next boot.
    storage = facts.system["storage"]
    mounted = {place for _, place, _, _ in storage["mounts"]}
    wanted = {
        place
        for _, place, kind, options in storage["fstab"]
        if kind != "swap" and "noauto" not in options.split(",")
    }
    assert wanted - mounted == set()


@dataclass(frozen=True)
class Share:
    """A file of user 200, written at one end in a folder that hands down its group 300."""

    server: Host
    client: Host
    folder: str

    def write(self, at: Host, name: str) -> None:
        command = "umask 027 && echo %s > %s && chown 200 %s"
        path = f"{self.folder}/{name}"
        at.check_output(command, name, path, path)

    def reads(self, at: Host, name: str) -> str:
        return str(
            at.run("stat -c '%%u %%g %%a' %s && cat %s", *[f"{self.folder}/{name}"] * 2).stdout
        )


@pytest.fixture(scope="module")
def share(facts_of: Callable[[Node], Facts], host_of: Callable[[Node], Host]) -> object:
    if not hosts("nfs-server") or not hosts("nfs-client"):
        pytest.skip(f"site {SITE.name} shares no folder")
    for node in (*hosts("nfs-server"), *hosts("nfs-client")):
        if reason := facts_of(node).lacks("nfsd"):
            pytest.skip(reason)
    server, client = host_of(hosts("nfs-server")[0]), host_of(hosts("nfs-client")[0])
    folder = f"{SHARED}/.check-{secrets.token_hex(4)}"
    server.check_output("mkdir %s && chown 200:300 %s && chmod 2770 %s", folder, folder, folder)
    yield Share(server, client, folder)
    server.check_output("rm -rf %s", folder)


@pytest.mark.destructive
def test_client_sees_what_the_server_wrote(share: Share) -> None:
    share.write(share.server, "from-server")
    wanted = "200 300 640\nfrom-server\n"
    assert eventually(lambda: share.reads(share.client, "from-server") == wanted, 10)


@pytest.mark.destructive
def test_server_sees_what_the_client_wrote(share: Share) -> None:
    share.write(share.client, "from-client")
    wanted = "200 300 640\nfrom-client\n"
    assert eventually(lambda: share.reads(share.server, "from-client") == wanted, 10)

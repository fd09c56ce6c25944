"""Each way in which sound values do not fit together, and files that do not fit their role."""

from __future__ import annotations

import pytest

from tests.unit.small_tree import BASE, RELEASE, SITE, WEB, Case, SmallTree

CASES = {
    "qcow2 for an old QEMU, compressed for a new one": (
        RELEASE,
        "release: twelve",
        'release: twelve\nqcow2: {compat: "0.10"}',
        "qcow2: compat 0.10 knows no compression but zlib: name it, too",
    ),
    "address outside the subnet": (
        SITE,
        "address: 198.51.100.1,",
        "address: 198.51.101.1,",
        "nodes[0].address: 198.51.101.1 is outside the subnet 198.51.100.0/24",
    ),
    "broadcast address": (
        SITE,
        "address: 198.51.100.1,",
        "address: 198.51.100.255,",
        "nodes[0].address: 198.51.100.255 is not a host's address in the subnet 198.51.100.0/24",
    ),
    "two nodes of one address": (
        SITE,
        "address: 198.51.100.2,",
        "address: 198.51.100.1,",
        "nodes[1].address: the address 198.51.100.1 is also that of nodes[0].address (line 13)",
    ),
    "cluster with a node's address": (
        SITE,
        "address: 198.51.100.100",
        "address: 198.51.100.1",
        "cluster.address: the address 198.51.100.1 is also that of nodes[0].address (line 13)",
    ),
    "gateway with the cluster's address": (
        SITE,
        "gateway: 198.51.100.254",
        "gateway: 198.51.100.100",
        "network.gateway: the address 198.51.100.100 is also that of cluster.address (line 10)",
    ),
    "two nodes of one MAC": (
        SITE,
        '"02:00:00:00:00:02"',
        '"02:00:00:00:00:01"',
        "nodes[1].mac: the MAC address 02:00:00:00:00:01 is also that of nodes[0].mac (line 13)",
    ),
    "two nodes of one name": (
        SITE,
        "name: n2",
        "name: n1",
        "nodes[1].name: the host name n1.lab.example is also that of nodes[0].name (line 13)",
    ),
    "cluster with a node's name": (
        SITE,
        "name: ganeti.lab.example",
        "name: n2.lab.example",
        "cluster.name: the host name n2.lab.example is also that of nodes[1].name (line 14)",
    ),
    "two bridges of one name": (
        SITE,
        "name: br2",
        "name: br1",
        "bridges[1].name: the interface br1 is also that of bridges[0].name (line 8)",
    ),
    "bridge called as the network's interface": (
        SITE,
        "name: br2",
        "name: eth0",
        "bridges[1].name: the interface eth0 is also that of network.interface (line 5)",
    ),
    "bridge on the network's interface itself": (
        SITE,
        "port: eth1",
        "port: eth0",
        "bridges[1].port: the interface eth0 is also that of network.interface (line 5)",
    ),
    "bridge on a bridge": (
        SITE,
        "port: eth1",
        "port: br1",
        "bridges[1].port: the interface br1 is also that of bridges[0].name (line 8)",
    ),
    "name server that is a node": (
        SITE,
        "  gateway: 198.51.100.254",
        "  gateway: 198.51.100.254\n  dns_upstream: [198.51.100.2]",
        "network.dns_upstream[0]: the address 198.51.100.2 is also that of nodes[1].address"
        " (line 15)",
    ),
    "bridge on two ports": (
        SITE,
        "vlan: 1}",
        "vlan: 1, port: eth2}",
        "bridges[0]: give either a vlan of the network's interface or a port",
    ),
    "bridge on no port": (
        SITE,
        ", port: eth1}",
        ", vlan: null}",
        "bridges[1]: give either a vlan of the network's interface or a port",
    ),
    "volume group without size": (
        SITE,
        ", size: 25G}",
        "}",
        "volume_group: give either a device or a file and its size",
    ),
    "FQDN of 72 letters": (
        SITE,
        "name: n1",
        f"name: {'n' * 60}",
        f"nodes[0].name: {'n' * 60}.lab.example has 72 letters: a host's name has at most 64",
    ),
    "missing variable": (
        SITE,
        "variables:\n  admin: ",
        "variables:\n  amdin: ",
        "variables.admin: this key is missing, and images/roles/base/role.yaml:12 needs it;"
        " did you mean 'amdin'?",
    ),
    "metadata of no file": (
        BASE,
        "/etc/secret.conf:",
        "/etc/secrets.conf:",
        "files./etc/secrets.conf: the role has no such file; did you mean '/etc/secret.conf'?",
    ),
    "unknown fact": (
        WEB,
        "{web_version}",
        "{wep_version}",
        "directories./srv/web-{wep_version}: release 'twelve' has no fact 'wep_version';"
        " did you mean 'web_version'?",
    ),
    "list as part of a path": (
        WEB,
        "{web_version}",
        "{ciphers}",
        "directories./srv/web-{ciphers}: the fact 'ciphers' of release 'twelve' is a list",
    ),
    "directory of two modes": (
        WEB,
        '/srv/data: {mode: "0750"}',
        "/srv/data: {}",
        "directories./srv/data: mode or owner differ from those at images/roles/base/role.yaml:8",
    ),
    "directory that is a file": (
        WEB,
        '/srv/data: {mode: "0750"}',
        "/etc/motd: {}",
        "directories./etc/motd: images/roles/base/files.twelve/etc/motd makes it a file",
    ),
    "state in the image's own folders": (
        WEB,
        "bake: [web.sh]",
        "state: [/etc/web]",
        "state[0]: '/etc/web' is not a folder below /srv or /var, without '..', spaces or a slash"
        " at the end",
    ),
    "state below state": (
        WEB,
        "bake: [web.sh]",
        "state: [/srv/web, /srv/web/pages]",
        "state[1]: lies below /srv/web, which is kept by images/roles/web/role.yaml:10",
    ),
    "user of two uids": (
        WEB,
        "bake:",
        "users: [{name: synnefo, uid: 201, group: synnefo, gid: 200}]\nbake:",
        "users[0]: the user synnefo is another one at images/roles/base/role.yaml:10",
    ),
    "uid of two users": (
        WEB,
        "bake:",
        "users: [{name: other, uid: 200, group: synnefo, gid: 200}]\nbake:",
        "users[0]: the uid 200 is another one at images/roles/base/role.yaml:10",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_names_line_path_and_remedy(tree: SmallTree, case: Case) -> None:
    tree.assert_one_problem(*case)


def test_a_name_of_an_interface_with_its_vlan(tree: SmallTree) -> None:
    tree.edit(SITE, "  gateway: 198", "  interface: ens18np0123456\n  gateway: 198")
    assert tree.problems() == [
        f"{SITE}:9: bridges[0].vlan: ens18np0123456.1 has 16 letters: an interface's name has at"
        " most 15"
    ]


def test_file_of_two_roles(tree: SmallTree) -> None:
    tree.write("images/roles/web/files/etc/motd", "Web\n")
    first = "images/roles/base/files.twelve/etc/motd"
    assert tree.problems() == [f"images/roles/web/files/etc/motd:1: {first} writes /etc/motd too"]


def test_state_that_hides_a_file(tree: SmallTree) -> None:
    file = "images/roles/base/files/srv/mirror/index"
    tree.write(file, "What is there\n")
    line = tree.edit(WEB, "bake: [web.sh]", "state: [/srv/mirror]")
    assert tree.problems() == [
        f"{WEB}:{line}: state[0]: hides /srv/mirror/index of {file} on a node that keeps its state"
    ]


def test_template_and_copy_of_one_path(tree: SmallTree) -> None:
    tree.write("images/roles/base/files/etc/motd.j2", "Hello\n")
    assert tree.problems() == [
        "images/roles/base/files/etc/motd.j2:1: motd in the same folder becomes /etc/motd too:"
        " remove one"
    ]


def test_unknown_fact_in_a_file_name(tree: SmallTree) -> None:
    tree.write("images/roles/web/files/etc/{web}/x", "")
    assert tree.problems() == [
        "images/roles/web/files/etc/{web}/x:1: release 'twelve' has no fact 'web';"
        " valid: ciphers, web_version"
    ]


def test_folder_for_a_release_that_does_not_exist(tree: SmallTree) -> None:
    tree.write("images/roles/web/files.twelf/etc/x", "")
    assert tree.problems() == [
        "images/roles/web/files.twelf:1: has no place in a role; did you mean 'files.twelve'?"
    ]


def test_symbolic_link(tree: SmallTree) -> None:
    (tree.root / "images/roles/web/files/etc/link").symlink_to("motd")
    assert tree.problems() == [
        "images/roles/web/files/etc/link:1: is a symbolic link: let a script of scripts/bake"
        " make it"
    ]

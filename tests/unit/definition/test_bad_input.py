"""Each class of bad input: exactly one message, at its line, with what is valid."""

from __future__ import annotations

import pytest

from tests.unit.small_tree import BASE, MASTER, RELEASE, SITE, WEB, SmallTree

# file, what is replaced, by what, and the message, which must name the line of the replacement
CASES = {
    "unknown key": (
        MASTER,
        "memory: 2048",
        "memory: 2048\nmemroy: 1",
        "memroy: unknown key; did you mean 'memory'?",
    ),
    "unknown nested key": (
        SITE,
        "{name: br1, vlan: 1}",
        "{name: br1, vlan: 1, mtu: 9000}",
        "bridges[0].mtu: unknown key; valid: name, port, vlan",
    ),
    "missing key": (
        SITE,
        ', mac: "02:00:00:00:00:01"',
        "",
        "nodes[0].mac: this key is missing",
    ),
    "duplicate key": (
        MASTER,
        "memory: 2048",
        "memory: 2048\nsummary: again",
        "summary: the key is given twice; the first is at line 2",
    ),
    "key that is no text": (
        RELEASE,
        "  ntp: [chrony]",
        "  on: [chrony]",
        "packages: the key 'on' must be text: put it in quotes",
    ),
    "list for text": (
        MASTER,
        "summary: Serves the web",
        "summary: [a]",
        "summary: expected text, found a list",
    ),
    "text for list": (
        MASTER,
        "[base, web]",
        "base",
        "roles: expected a list, found base",
    ),
    "text for number": (
        MASTER,
        "memory: 2048",
        "memory: lots",
        "memory: expected a whole number, found lots",
    ),
    "nothing for mapping": (
        MASTER,
        "image: {size: 6G}",
        "image:",
        "image: expected a mapping of keys to values, found nothing",
    ),
    "octal number": (
        BASE,
        'mode: "0640"',
        "mode: 0640",
        "files./etc/secret.conf.mode: expected text or null: put 0640 in quotes",
    ),
    "sexagesimal number": (
        SITE,
        '"02:00:00:00:00:01"',
        "52:54:00:12:34:56",
        "nodes[0].mac: expected text: put 52:54:00:12:34:56 in quotes",
    ),
    "mode": (
        BASE,
        'mode: "0640"',
        'mode: "rw-r-----"',
        "files./etc/secret.conf.mode: 'rw-r-----' is not a mode of four octal digits such as"
        ' "0640"',
    ),
    "size": (
        MASTER,
        "size: 6G",
        "size: 6 GB",
        "image.size: '6 GB' is not a size such as 512M or 6G",
    ),
    "address": (
        SITE,
        "address: 198.51.100.1,",
        "address: 198.51.100.256,",
        "nodes[0].address: '198.51.100.256' is not an IPv4 address such as 198.51.100.7",
    ),
    "subnet with host bits": (
        SITE,
        "subnet: 198.51.100.0/24",
        "subnet: 198.51.100.1/24",
        "network.subnet: '198.51.100.1/24' is not a network such as 198.51.100.0/24, its host"
        " bits zero",
    ),
    "multicast MAC": (
        SITE,
        '"02:00:00:00:00:01"',
        '"03:00:00:00:00:01"',
        "nodes[0].mac: '03:00:00:00:00:01' is not a unicast MAC address such as"
        " 02:00:00:00:00:01, in lower case",
    ),
    "host name": (
        SITE,
        "name: n1",
        "name: n_1",
        "nodes[0].name: 'n_1' is not a host name without a domain: letters, digits and '-'",
    ),
    "path": (
        BASE,
        "/srv/data: ",
        "/srv/../data: ",
        "directories./srv/../data: '/srv/../data' is not an absolute path without '..', spaces"
        " or a slash at the end",
    ),
    "vlan": (
        SITE,
        "vlan: 1}",
        "vlan: 4095}",
        "bridges[0].vlan: 4095 is not between 1 and 4094",
    ),
    "port": (
        WEB,
        "port: 443",
        "port: 0",
        "ports[0].port: 0 is not between 1 and 65535",
    ),
    "choice": (
        RELEASE,
        "builder: tree",
        "builder: trees",
        "builder: 'trees' is not valid; did you mean 'tree'?",
    ),
    "empty list": (
        MASTER,
        "[base, web]",
        "[]",
        "roles: the list must not be empty",
    ),
    "repeated name": (
        MASTER,
        "[base, web]",
        "[base, web, base]",
        "roles[2]: 'base' is already in this list",
    ),
    "unknown role": (
        MASTER,
        "[base, web]",
        "[base, wbe]",
        "roles[1]: unknown role 'wbe'; did you mean 'web'?",
    ),
    "unknown kind": (
        SITE,
        "kind: member",
        "kind: membre",
        "nodes[1].kind: unknown kind 'membre'; did you mean 'member'?",
    ),
    "unknown release": (
        SITE,
        "release: twelve",
        "release: thirteen",
        "release: unknown release 'thirteen'; valid: twelve",
    ),
    "unknown step": (
        MASTER,
        "[hostname, network]",
        "[hostname, netwrok]",
        "first_boot[1]: unknown step 'netwrok'; did you mean 'network'?",
    ),
    "unknown bake script": (
        WEB,
        "web.sh",
        "wep.sh",
        "bake[0]: unknown bake script 'wep.sh'; did you mean 'web.sh'?",
    ),
    "unknown guide id": (
        WEB,
        "G020",
        "H020",
        "guide[1]: unknown guide id 'H020'; did you mean 'G020'?",
    ),
    "guide id beyond the last": (
        WEB,
        "G020",
        "G292",
        "guide[1]: unknown guide id 'G292'; did you mean 'G291'?",
    ),
    "name of the file": (
        WEB,
        "role: web",
        "role: www",
        "role: must be 'web', as the file is called",
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
        "bridges[1].name: the bridge name br1 is also that of bridges[0].name (line 8)",
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
def test_names_line_path_and_remedy(tree: SmallTree, case: tuple[str, str, str, str]) -> None:
    file, old, new, message = case
    line = tree.edit(file, old, new)
    if new.partition("\n")[0] == old.partition("\n")[0]:
        line += 1  # the first line stays; the problem is in the next
    assert tree.problems() == [f"{file}:{line}: {message}"]


def test_the_small_tree_itself_is_sound(tree: SmallTree) -> None:
    assert tree.problems() == []


def test_all_problems_of_all_files_in_one_run(tree: SmallTree) -> None:
    tree.edit(SITE, "address: 198.51.100.1,", "address: 198.51.101.1,")
    tree.edit(SITE, '"02:00:00:00:00:02"', "nonsense")
    tree.edit(MASTER, "size: 6G", "size: big")
    tree.edit(WEB, "role: web", "role: web\ncolour: red")
    tree.edit(RELEASE, "debian: 12", "debian: twelve")
    places = [line.split(": ")[0] for line in tree.problems()]
    assert places == [
        f"{MASTER}:4",
        f"{RELEASE}:2",
        f"{WEB}:2",
        f"{SITE}:13",
        f"{SITE}:14",
    ]


def test_file_of_two_roles(tree: SmallTree) -> None:
    tree.write("images/roles/web/files/etc/motd", "Web\n")
    first = "images/roles/base/files.twelve/etc/motd"
    assert tree.problems() == [f"images/roles/web/files/etc/motd:1: {first} writes /etc/motd too"]


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

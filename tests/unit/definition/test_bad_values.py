"""Each kind of wrong value: exactly one message, at its line, with what is valid."""

from __future__ import annotations

import pytest

from tests.unit.small_tree import BASE, MASTER, RELEASE, SITE, WEB, Case, SmallTree

LABEL = (
    "a host name without a domain: letters, digits and '-', at most 63, a letter among them, and"
    " not localhost"
)
NETWORK = (
    "a network of hosts such as 198.51.100.0/24: its length as a number, its host bits zero,"
    " neither loopback nor multicast"
)
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
    "range of sizes": (
        SITE,
        'mac: "02:00:00:00:00:01"}',
        'mac: "02:00:00:00:00:01", disk: {size: 100G}}',
        "nodes[0].disk.size: '100G' is not a range of sizes such as 100G.. or 100G..500G",
    ),
    "serial of a disk": (
        SITE,
        'mac: "02:00:00:00:00:01"}',
        'mac: "02:00:00:00:00:01", disk: {serial: "WD/123"}}',
        "nodes[0].disk.serial: 'WD/123' is not a disk's serial number",
    ),
    "address": (
        SITE,
        "address: 198.51.100.1,",
        "address: 198.51.100.256,",
        "nodes[0].address: '198.51.100.256' is not a host's IPv4 address such as 198.51.100.7",
    ),
    "subnet with host bits": (
        SITE,
        "subnet: 198.51.100.0/24",
        "subnet: 198.51.100.1/24",
        f"network.subnet: '198.51.100.1/24' is not {NETWORK}",
    ),
    "subnet with a mask": (
        SITE,
        "subnet: 198.51.100.0/24",
        "subnet: 198.51.100.0/255.255.255.0",
        f"network.subnet: '198.51.100.0/255.255.255.0' is not {NETWORK}",
    ),
    "subnet of the loopback": (
        SITE,
        "subnet: 198.51.100.0/24",
        "subnet: 127.0.0.0/8",
        f"network.subnet: '127.0.0.0/8' is not {NETWORK}",
    ),
    "subnet of multicast groups": (
        SITE,
        "subnet: 198.51.100.0/24",
        "subnet: 224.0.1.0/24",
        f"network.subnet: '224.0.1.0/24' is not {NETWORK}",
    ),
    "MAC of zeros": (
        SITE,
        '"02:00:00:00:00:01"',
        '"00:00:00:00:00:00"',
        "nodes[0].mac: '00:00:00:00:00:00' is not a unicast MAC address such as"
        " 02:00:00:00:00:01, in lower case",
    ),
    "node called 1": (
        SITE,
        "name: n1",
        'name: "1"',
        f"nodes[0].name: '1' is not {LABEL}",
    ),
    "node called localhost": (
        SITE,
        "name: n1",
        "name: localhost",
        f"nodes[0].name: 'localhost' is not {LABEL}",
    ),
    "label of 64 letters": (
        SITE,
        "name: n1",
        f"name: {'n' * 64}",
        f"nodes[0].name: '{'n' * 64}' is not {LABEL}",
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
        f"nodes[0].name: 'n_1' is not {LABEL}",
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
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_names_line_path_and_remedy(tree: SmallTree, case: Case) -> None:
    tree.assert_one_problem(*case)


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

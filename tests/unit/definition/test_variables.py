"""What a role needs of the site's variables and bridges, and values that do not fit it."""

from __future__ import annotations

import pytest

from tests.unit.small_tree import SITE, WEB, SmallTree

# variables of the role, what the site gives, the problem at the site's line 17
CASES = {
    "gateway outside its network": (
        "vm_network: subnet, vm_gateway: address",
        {"vm_network": "10.0.0.0/24", "vm_gateway": "10.0.1.1"},
        "variables.vm_gateway: 10.0.1.1 is not a host's address in vm_network, 10.0.0.0/24",
    ),
    "gateway at the network's own address": (
        "vm_network: subnet, vm_gateway: address",
        {"vm_network": "10.0.0.0/24", "vm_gateway": "10.0.0.0"},
        "variables.vm_gateway: 10.0.0.0 is not a host's address in vm_network, 10.0.0.0/24",
    ),
    "machines in the network of the nodes": (
        "vm_network: subnet, vm_gateway: address",
        {"vm_network": "198.51.100.0/24", "vm_gateway": "198.51.100.9"},
        "variables.vm_network: 198.51.100.0/24 overlaps the nodes' network 198.51.100.0/24",
    ),
    "network without a length": (
        "vm_network: subnet",
        {"vm_network": "10.0.0.0"},
        "variables.vm_network: '10.0.0.0' is not a network of hosts such as 198.51.100.0/24: its"
        " length as a number, its host bits zero, neither loopback nor multicast",
    ),
    "mail address that Django 1.4 refuses": (
        "user_email: mail",
        {"user_email": "user@rehearsal.example"},
        "variables.user_email: 'user@rehearsal.example' is not a mail address that Django 1.4"
        " accepts, such as user@lab.test: its last label has 2 to 6 letters",
    ),
    "person without an address": (
        "admins: mailboxes",
        {"admins": "[Ann Other]"},
        "variables.admins[0]: 'Ann Other' is not a name and a mail address that Django 1.4"
        " accepts, such as Ann Other <ann@lab.test>: its last label has 2 to 6 letters",
    ),
    "text for a number": (
        "pool: count",
        {"pool": "many"},
        "variables.pool: expected a whole number, found many",
    ),
    "download's address with a password": (
        "image: origin",
        {"image": "https://ann:secret@cdn.test/x"},
        "variables.image: 'https://ann:secret@cdn.test/x' is not an http or https URL without user"
        " and password, which belong into ~/.netrc, a path of this host, or a word",
    ),
    "line break in a text": (
        "subject: text",
        {"subject": '"a\\nb"'},
        "variables.subject: '\\n' cannot be in a variable: give printable text",
    ),
    "line break in one of several texts": (
        "subjects: texts",
        {"subjects": '["a\\u2028b"]'},
        "variables.subjects[0]: '\\u2028' cannot be in a variable: give printable text",
    ),
    "text that reads like a secret's place": (
        "subject: text",
        {"subject": "'@@SECRET:py:smtp_password@@'"},
        "variables.subject: '@@SECRET:' cannot be in a variable: give printable text",
    ),
    "number for text": (
        "subject: text",
        {"subject": "12"},
        "variables.subject: expected text: put 12 in quotes",
    ),
}


@pytest.mark.parametrize(("types", "given", "message"), CASES.values(), ids=CASES.keys())
def test_variable_must_fit_the_role(
    tree: SmallTree, types: str, given: dict[str, str], message: str
) -> None:
    tree.edit(WEB, "{workers: count}", f"{{{types}}}")
    wrong = message.split(":")[0].removeprefix("variables.").removesuffix("[0]")
    ordered = sorted(given, key=lambda name: name != wrong)
    lines = "".join(f"\n  {name}: {given[name]}" for name in ordered)
    line = tree.edit(SITE, "  workers: 4", f"  workers: 4{lines}") + 1
    assert tree.problems() == [f"{SITE}:{line}: {message}"]


@pytest.mark.parametrize(
    ("kind", "pattern", "given", "keys", "shown"),
    [
        ("text", "file|smtp", "smpt", "", "smpt"),
        ("text", "file|smtp", "file2", "", "file2"),
        ("count", "[1-9].*", "0", "", "0"),
        ("texts", "[a-z.]+=[0-9]+", "[a.b=1, vm]", "[1]", "vm"),
    ],
)
def test_a_value_must_match_its_pattern(
    tree: SmallTree, kind: str, pattern: str, given: str, keys: str, shown: str
) -> None:
    tree.edit(WEB, "{workers: count}", f"{{it: {kind}}}\npatterns: {{it: '{pattern}'}}")
    line = tree.edit(SITE, "workers: 4", f"it: {given}")
    place = f"{SITE}:{line}: variables.it{keys}"
    assert tree.problems() == [f"{place}: '{shown}' does not match {pattern}, as {WEB}:12 has it"]


@pytest.mark.parametrize(
    ("written", "keys", "message"),
    [
        ("patterns: {wokers: x}", "patterns.wokers", "the role has no such variable; did you mean"),
        ("patterns: {workers: '('}", "patterns.workers", "not a regular expression of Python: "),
        ("downloads: [{name: x, source: '{nosuch}'}]", "downloads[0].source", "the role has no"),
        ("downloads: [{name: x, source: '{'}]", "downloads[0].source", "write a variable as"),
        ("downloads: [{name: x, source: '{0}'}]", "downloads[0].source", "write a variable as"),
        ("downloads: [{name: x, source: '{workers.x}'}]", "downloads[0].source", "write a vari"),
        ("downloads: [{name: ../x, source: y}]", "downloads[0].name", "'../x' is not the name"),
        ("downloads: [{name: x, source: 'http://u:p@h/x'}]", "downloads[0].source", "'http://u:"),
    ],
)
def test_what_a_role_says_of_its_variables(
    tree: SmallTree, written: str, keys: str, message: str
) -> None:
    tree.edit(WEB, "bake:", f"{written}\nbake:")
    (problem,) = tree.problems()
    assert problem.startswith(f"{WEB}:10: {keys}: {message}")


def test_the_same_text_may_be_there_twice(tree: SmallTree) -> None:
    tree.edit(WEB, "{workers: count}", "{user_name: texts}")
    tree.edit(SITE, "workers: 4", "user_name: [Li, Li]")
    assert tree.problems() == []


@pytest.mark.parametrize("count", [3, 4])
def test_a_site_with_fewer_bridges_than_a_role_needs(tree: SmallTree, count: int) -> None:
    tree.edit(WEB, "bake:", f"bridges: {count}\nbake:")
    assert tree.problems() == [f"{SITE}:8: bridges: {WEB}:10 needs {count}, the site has 2"]
